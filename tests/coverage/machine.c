/* SPDX-License-Identifier: MIT */
/* machine.c — sends the counters of coverage out of a virtual machine, when PID 1 ends it
 *
 * The linker puts __wrap_reboot() in the place of reboot(2). They leave by the port of Bochs for
 * debug output (QEMU: -debugcon), because it needs no driver. Linked by tests/coverage/musl-cc
 * only. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/io.h>
#include <unistd.h>

#define DEBUG_PORT 0xe9

int __real_reboot(int command);
int __wrap_reboot(int command);
int __fprintf_chk(FILE *file, int flag, const char *format, ...);
int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, ...);
const char *__llvm_profile_get_filename(void);

static void send_profile(void)
{
	unsigned char bytes[65536];
	ssize_t n;
	int fd = open(__llvm_profile_get_filename(), O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioperm(DEBUG_PORT, 1, 1) < 0)
		return;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		outsb(DEBUG_PORT, bytes, n);
	close(fd);
}

int __wrap_reboot(int command)
{
	send_profile();
	return __real_reboot(command);
}

int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
	va_list arguments;
	int r;

	(void)flag;
	va_start(arguments, format);
	r = vfprintf(file, format, arguments);
	va_end(arguments);
	return r;
}

int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, ...)
{
	va_list arguments;
	int r;

	(void)flag;
	(void)room;
	va_start(arguments, format);
	r = vsnprintf(to, size, format, arguments);
	va_end(arguments);
	return r;
}
