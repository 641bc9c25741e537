/* SPDX-License-Identifier: MIT */
#include "inject_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define VECTORS_MAX 16
#define HALF_MAX    (4 << 20)

const struct call calls[] = {
#define CALL(name, object, argument, faults) { SYS_##name, #name, object, argument, faults },
#include "inject_calls.def"
#undef CALL
};

const size_t call_count = sizeof(calls) / sizeof(calls[0]);

_Noreturn void call_die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* -------------------------------------------------------- what a call is about */

const struct call *call_find(int number)
{
	for (size_t i = 0; i < call_count; i++) {
		if (calls[i].number == number)
			return &calls[i];
	}
	return NULL;
}

/* A line of /proc/PID/status, such as "PPid:", as a number. */
pid_t call_status_number(pid_t pid, const char *line)
{
	char path[64], text[4096];
	int fd, size;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	size = (int)read(fd, text, sizeof(text) - 1);
	close(fd);
	text[size < 0 ? 0 : size] = '\0';
	const char *found = strstr(text, line);

	return found ? atoi(found + strlen(line)) : -1;
}

static void read_text(pid_t pid, uint64_t address, char *ret, size_t size)
{
	size_t done = 0;

	/* Up to the end of a page at a time: the next one may not be there. */
	while (done < size - 1) {
		size_t piece = 4096 - (address + done) % 4096;
		struct iovec local = { ret + done,
			piece < size - 1 - done ? piece : size - 1 - done };
		struct iovec remote = { (void *)(uintptr_t)(address + done), local.iov_len };

		if (process_vm_readv(pid, &local, 1, &remote, 1, 0) <= 0)
			break;
		if (memchr(local.iov_base, '\0', local.iov_len))
			return;
		done += local.iov_len;
	}
	ret[done] = '\0';
}

static void link_of(pid_t pid, int fd, char *ret, size_t size)
{
	char path[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	length = readlink(path, ret, size - 1);
	ret[length < 0 ? 0 : length] = '\0';
}

/* Replaces what mkdtemp(3) has chosen in the name of an image's temporary folder. */
static void normalize_temporary(char *text)
{
	static const char folder[] = "/tmp/guest-installer-";
	char *at = strstr(text, folder);

	if (at && strlen(at) >= strlen(folder) + 6)
		memcpy(at + strlen(folder), "XXXXXX", 6);
}

/* What differs between two runs is replaced: the current folder, names of temporary files, numbers
 * of processes, loop devices and inodes. */
static void normalize(char *text, const char *folder)
{
	static const char *const before[] = { "/proc/", "/dev/loop", "/block/loop", "[", "/fd/",
		"/#" };
	size_t folder_length = strlen(folder);
	char *to;

	if (strncmp(text, folder, folder_length) == 0) {
		memmove(text + 1, text + folder_length, strlen(text + folder_length) + 1);
		*text = '.';
	}
	normalize_temporary(text);
	for (char *c = text; *c; c++) {
		if (*c == '\t' || *c == '\n' || *c == ' ')
			*c = '_';
	}
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		for (char *at = text; (at = strstr(at, before[i]));) {
			at += strlen(before[i]);
			for (to = at; *to >= '0' && *to <= '9'; to++)
				;
			if (to > at) {
				*at = 'N';
				memmove(at + 1, to, strlen(to) + 1);
			}
		}
	}
}

void call_name_object(
	const struct call *call, const struct seccomp_notif *asked, const char *folder, char *ret)
{
	uint64_t argument = asked->data.args[call->argument];
	pid_t pid = (pid_t)asked->pid;

	switch (call->object) {
	case NOTHING:
		strcpy(ret, "-");
		return;
	case SIZE:
		snprintf(ret, OBJECT_MAX, "%llu", (unsigned long long)argument);
		return;
	case PATH:
		read_text(pid, argument, ret, OBJECT_MAX);
		break;
	case FD:
		link_of(pid, (int)argument, ret, OBJECT_MAX);
		break;
	}
	if (!*ret)
		strcpy(ret, "-");
	normalize(ret, folder);
}

/* -------------------------------------------------------- which faults are possible */

/* A flag of open(2) that the descriptor has. */
static bool has_flag(pid_t pid, int fd, unsigned int flag)
{
	char path[64], text[512];
	FILE *in;
	unsigned int flags = 0;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	in = fopen(path, "re");
	while (in && fgets(text, sizeof(text), in)) {
		if (sscanf(text, "flags: %o", &flags) == 1)
			break;
	}
	if (in)
		fclose(in);
	return flags & flag;
}

/* Whether a call on it may wait, so that a signal interrupts it. */
static bool is_slow(pid_t pid, int fd)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	return stat(path, &st) == 0 &&
	       (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || S_ISCHR(st.st_mode));
}

static bool is_lock(uint64_t command)
{
	return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK ||
	       command == F_OFD_SETLKW;
}

static bool may_wait(const struct call *call, const struct seccomp_notif *asked)
{
	const uint64_t *args = (const uint64_t *)asked->data.args;

	switch (call->number) {
	case SYS_wait4:
		return !(args[2] & WNOHANG);
	case SYS_flock:
		return !(args[1] & 4); /* LOCK_NB */
	case SYS_fcntl:
		return args[1] == F_SETLKW || args[1] == F_OFD_SETLKW;
	default:
		return call->object != FD || is_slow((pid_t)asked->pid, (int)args[0]);
	}
}

static bool may_refuse_to_wait(const struct call *call, const struct seccomp_notif *asked)
{
	const uint64_t *args = (const uint64_t *)asked->data.args;

	if (call->number == SYS_flock || call->number == SYS_fcntl)
		return !may_wait(call, asked);
	return call->object != FD || (is_slow((pid_t)asked->pid, (int)args[0]) &&
					     has_flag((pid_t)asked->pid, (int)args[0], O_NONBLOCK));
}

static bool creates(const struct call *call, const struct seccomp_notif *asked)
{
	if (call->number == SYS_open)
		return asked->data.args[1] & O_CREAT;
	return call->number != SYS_openat || (asked->data.args[2] & O_CREAT);
}

static bool is_possible(char fault, const struct call *call, const struct seccomp_notif *asked)
{
	if (call->number == SYS_fcntl && !is_lock(asked->data.args[1]))
		return false;
	switch (fault) {
	case 'N':
		return may_wait(call, asked);
	case 'A':
		return may_refuse_to_wait(call, asked);
	case 'S':
		return creates(call, asked);
	case 'H':
		return asked->data.args[2] > 1 || strchr(call->name, 'v');
	default:
		return true;
	}
}

void call_list_faults(const struct call *call, const struct seccomp_notif *asked, char *ret)
{
	for (const char *fault = call->faults; *fault; fault++) {
		if (is_possible(*fault, call, asked))
			*ret++ = *fault;
	}
	*ret = '\0';
}

/* -------------------------------------------------------- half of the bytes */

/* The vectors of the call, which end after half of its bytes. Returns their number. */
static size_t half_vectors(
	const struct call *call, const struct seccomp_notif *asked, struct iovec *ret)
{
	const uint64_t *args = (const uint64_t *)asked->data.args;
	size_t count = 1, bytes = 0, i;

	ret[0] = (struct iovec){ (void *)(uintptr_t)args[1], args[2] };
	if (strchr(call->name, 'v')) {
		count = args[2] < VECTORS_MAX ? args[2] : VECTORS_MAX;
		struct iovec local = { ret, count * sizeof(*ret) };
		struct iovec remote = { (void *)(uintptr_t)args[1], local.iov_len };

		if (process_vm_readv((pid_t)asked->pid, &local, 1, &remote, 1, 0) < 0)
			call_die("process_vm_readv");
	}
	for (i = 0; i < count; i++)
		bytes += ret[i].iov_len;
	bytes = bytes / 2 < HALF_MAX ? bytes / 2 : HALF_MAX;
	for (i = 0; i < count && bytes; i++) {
		ret[i].iov_len = ret[i].iov_len < bytes ? ret[i].iov_len : bytes;
		bytes -= ret[i].iov_len;
	}
	return i;
}

/* Makes the call with half of the bytes, on the same open file. Returns its result. */
ssize_t call_do_half(const struct call *call, const struct seccomp_notif *asked)
{
	static char buffer[HALF_MAX];
	struct iovec remote[VECTORS_MAX], local = { buffer, 0 };
	size_t count = half_vectors(call, asked, remote);
	pid_t pid = (pid_t)asked->pid;
	int pidfd = (int)syscall(SYS_pidfd_open, call_status_number(pid, "\nTgid:"), 0);
	int fd = (int)syscall(SYS_pidfd_getfd, pidfd, (int)asked->data.args[0], 0);
	off_t offset = (off_t)asked->data.args[3];
	bool at_offset = call->name[0] == 'p', writes = strstr(call->name, "write");
	ssize_t done = -1;

	for (size_t i = 0; i < count; i++)
		local.iov_len += remote[i].iov_len;
	if (writes && process_vm_readv(pid, &local, 1, remote, count, 0) < 0)
		call_die("process_vm_readv");
	if (writes)
		done = at_offset ? pwrite(fd, buffer, local.iov_len, offset)
				 : write(fd, buffer, local.iov_len);
	else
		done = at_offset ? pread(fd, buffer, local.iov_len, offset)
				 : read(fd, buffer, local.iov_len);
	int failed = errno;

	local.iov_len = done < 0 ? 0 : (size_t)done;
	if (!writes && done > 0 && process_vm_writev(pid, &local, 1, remote, count, 0) < 0)
		call_die("process_vm_writev");
	close(fd);
	close(pidfd);
	return done < 0 ? -failed : done;
}
