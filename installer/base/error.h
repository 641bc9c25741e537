/* SPDX-License-Identifier: MIT */
/*
 * error — one sentence and one exit code, passed up to main().
 *
 * A function that can fail returns 0 or a negative errno and takes a struct error as its last
 * argument. The function that detects the error writes the sentence. Callers may add the place.
 * Only main() and the commands print it. The table of exit codes is in error.c; documentation and
 * tests read it.
 *
 * Tested by: tests/unit/test_error.c.
 */
#pragma once

#include <stddef.h>

#define WARN_UNUSED	  __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

enum exit_code {
	EXIT_INSTALLED = 0,
	EXIT_INTERNAL = 1,
	EXIT_CONFIGURATION = 2,
	EXIT_NO_DISK = 10,
	EXIT_SEVERAL_DISKS = 11,
	EXIT_NOT_BLANK = 12,
	EXIT_ALREADY_INSTALLED = 13,
	EXIT_TOO_SMALL = 14,
	EXIT_NOT_VIRTUAL = 15,
	EXIT_NO_KEY = 20,
	EXIT_PARTITION = 30,
	EXIT_FORMAT = 31,
	EXIT_MOUNT = 32,
	EXIT_COPY = 40,
	EXIT_VERIFY = 41,
	EXIT_FETCH = 42,
	EXIT_TARGET_FULL = 43,
	EXIT_BOOT_LOADER = 50,
	EXIT_TIMEOUT = 60,
	EXIT_HOST_QEMU = 80,
	EXIT_HOST_NO_VERDICT = 81,
	EXIT_HOST_BUSY = 82,
	EXIT_HOST_DEADLINE = 83,
	EXIT_HOST_CONTRADICTION = 84,
	EXIT_HOST_NO_ROOM = 85,
};

/* One row of the table of exit codes; the table ends with a NULL meaning. */
struct exit_meaning {
	enum exit_code code;
	const char *meaning;
};
extern const struct exit_meaning exit_meanings[];

struct error {
	int code;	 /* an exit code; 0 means the code of the stage in which it happened */
	char text[1024]; /* one sentence without a final newline */
};

/* Sets the sentence and returns r. The code becomes 0, also if an inner call has set one. */
int error_set(struct error *err, int r, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same, with an exit code instead of the stage's. */
int error_set_code(struct error *err, enum exit_code code, int r, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

/* Sets the whole sentence, with EXIT_CONFIGURATION, and returns -EINVAL. */
int error_refuse(struct error *err, const char *sentence);

/* The same as error_set, with ": " and the text of the errno -r added. -ENOSPC gets the code
 * EXIT_TARGET_FULL. */
int error_errno(struct error *err, int r, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same for a call that does not write to the target, such as a mount: -ENOSPC is a limit of the
 * kernel there, and keeps the stage's code. */
int error_errno_host(struct error *err, int r, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "<where>: " before the sentence; the code stays. */
void error_wrap(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
