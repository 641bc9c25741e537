/* SPDX-License-Identifier: MIT */
/*
 * inject_call — what inject knows of one system call: the file that it is about, the faults that
 * the kernel could return for it, and how to make it with half of its bytes.
 */
#pragma once

#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/types.h>

#define OBJECT_MAX 256

enum object {
	NOTHING,
	PATH,
	FD,
	SIZE
};

/* A line of inject_calls.def. */
struct call {
	int number;
	const char *name;
	enum object object;
	int argument;
	const char *faults;
};

extern const struct call calls[];
extern const size_t call_count;

/* Prints what failed, with errno, and exits. */
_Noreturn void call_die(const char *what);

/* NULL for a call that is not listed. */
const struct call *call_find(int number);

/* A line of /proc/PID/status, such as "\nPPid:", as a number; -1 if there is none. */
pid_t call_status_number(pid_t pid, const char *line);

/* The file, without what differs between two runs: the folder, numbers of processes and devices. */
void call_name_object(
	const struct call *call, const struct seccomp_notif *asked, const char *folder, char *ret);

/* The letters of the faults that are possible for these arguments; ret holds all of them. */
void call_list_faults(const struct call *call, const struct seccomp_notif *asked, char *ret);

/* Makes the call on the same open file with half of the bytes. Returns its result or -errno. */
ssize_t call_do_half(const struct call *call, const struct seccomp_notif *asked);
