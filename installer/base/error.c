/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct exit_meaning exit_meanings[] = {
	{ EXIT_INSTALLED, "installed" },
	{ EXIT_INTERNAL, "internal error" },
	{ EXIT_CONFIGURATION, "bad configuration, manifest or usage" },
	{ EXIT_NO_DISK, "no suitable disk" },
	{ EXIT_SEVERAL_DISKS, "several suitable disks" },
	{ EXIT_NOT_BLANK, "disk not blank" },
	{ EXIT_ALREADY_INSTALLED, "already installed" },
	{ EXIT_TOO_SMALL, "too small (disk or memory)" },
	{ EXIT_NOT_VIRTUAL, "not a virtual machine" },
	{ EXIT_NO_KEY, "no usable key" },
	{ EXIT_PARTITION, "partitioning failed" },
	{ EXIT_FORMAT, "formatting failed" },
	{ EXIT_MOUNT, "mounting failed" },
	{ EXIT_COPY, "copying failed" },
	{ EXIT_VERIFY, "verification or signature failed" },
	{ EXIT_FETCH, "fetching failed" },
	{ EXIT_TARGET_FULL, "target full" },
	{ EXIT_BOOT_LOADER, "activation or boot loader failed" },
	{ EXIT_TIMEOUT, "timeout" },
	{ EXIT_HOST_QEMU, "host: QEMU, xl or libvirt failed" },
	{ EXIT_HOST_NO_VERDICT, "host: ended without a verdict" },
	{ EXIT_HOST_BUSY, "host: busy (another run has this guest)" },
	{ EXIT_HOST_DEADLINE, "host: deadline passed" },
	{ EXIT_HOST_CONTRADICTION, "host: channels contradict each other" },
	{ EXIT_HOST_NO_ROOM, "host: no room" },
	{ 0, NULL },
};

static void set_error_text(struct error *err, const char *fmt, va_list args)
{
	vsnprintf(err->text, sizeof(err->text), fmt, args);
}

int error_set(struct error *err, int r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_error_text(err, fmt, args);
	va_end(args);
	err->code = 0;
	return r;
}

int error_set_code(struct error *err, enum exit_code code, int r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_error_text(err, fmt, args);
	va_end(args);
	err->code = code;
	return r;
}

static void set_errno_text(struct error *err, int r, const char *fmt, va_list args)
{
	size_t used;

	set_error_text(err, fmt, args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(-r));
}

int error_refuse(struct error *err, const char *sentence)
{
	return error_set_code(err, EXIT_CONFIGURATION, -EINVAL, "%s", sentence);
}

int error_errno(struct error *err, int r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_errno_text(err, r, fmt, args);
	va_end(args);
	err->code = r == -ENOSPC ? EXIT_TARGET_FULL : 0;
	return r;
}

int error_errno_host(struct error *err, int r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_errno_text(err, r, fmt, args);
	va_end(args);
	err->code = 0;
	return r;
}

void error_wrap(struct error *err, const char *fmt, ...)
{
	char inner[sizeof(err->text)];
	va_list args;
	size_t used;

	memcpy(inner, err->text, sizeof(inner));
	va_start(args, fmt);
	set_error_text(err, fmt, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner);
}
