/* SPDX-License-Identifier: MIT */
/*
 * inject — runs a static program, and lists its system calls or lets one of them fail.
 *
 *     inject list CALLS COMMAND…
 *     inject fail REPORT ROLE NAME OBJECT NUMBER FAULT COMMAND…
 *
 * `list` writes one line for each call: role, name, object, number, faults, separated by tabs. The
 * number counts the calls of one role, name and object from 1, because the order of all calls
 * varies with the threads. The role is `parent` for the first process, `child` for its first child
 * and `helper` for other processes of the same program. Programs that these execute are left alone.
 *
 * `fail` lets the call of that number fail; the faults are the letters of inject_calls.def. REPORT
 * gets the line "met" if the call came, and "left PID" for each process that remained at the end.
 *
 * The exit status is the command's, or 128 and its signal.
 *
 * A filter of seccomp(2) asks this process before each call. It asks only for code in the lowest
 * 4 GiB of addresses, where a static program lies that is not position-independent.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject_call.h"

#define CALLS_MAX    256
#define KEYS_MAX     8192
#define REST_SECONDS 10 /* for processes that remain to end */

struct key {
	char text[OBJECT_MAX + 64]; /* role, name and object, separated by tabs */
	unsigned int count;
};

static struct key keys[KEYS_MAX];
static size_t key_count;

/* The processes: the program's inode tells it from what it executes. */
static pid_t parent_pid, child_pid;
static struct stat program;
static char folder[OBJECT_MAX]; /* the current one */

/* What is asked for. */
static FILE *output;
static const char *wanted_key, *wanted_name;
static unsigned int wanted_number;
static char wanted_fault;
static bool met;

/* -------------------------------------------------------- the filter */

static void add(
	struct sock_filter *filter, size_t *n, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	filter[(*n)++] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
}

/* Asks for the listed calls of code below 4 GiB, and allows all others. Returns the listener. */
static int install_filter(void)
{
	static struct sock_filter filter[2 * CALLS_MAX + 8];
	struct sock_fprog prog = { .filter = filter };
	size_t n = 0;

	add(filter, &n, BPF_LD | BPF_W | BPF_ABS,
		offsetof(struct seccomp_data, instruction_pointer) + 4, 0, 0);
	add(filter, &n, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	add(filter, &n, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	add(filter, &n, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	for (size_t i = 0; i < call_count; i++) {
		add(filter, &n, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, 0, 1);
		add(filter, &n, BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF, 0, 0);
	}
	add(filter, &n, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	prog.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		call_die("PR_SET_NO_NEW_PRIVS");
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
}

/* Starts the command under the filter, and returns the listener. The descriptor's number comes
 * through a pipe, and the descriptor from the child, which waits until it was taken. */
static int start(char **command)
{
	int number[2], taken[2], listener;
	char byte = 0;

	if (pipe2(number, O_CLOEXEC) < 0 || pipe2(taken, O_CLOEXEC) < 0)
		call_die("pipe2");
	parent_pid = fork();
	if (parent_pid < 0)
		call_die("fork");
	if (parent_pid == 0) {
		close(taken[1]);
		listener = install_filter();
		if (listener < 0)
			call_die("seccomp");
		fcntl(listener, F_SETFD, FD_CLOEXEC);
		if (write(number[1], &listener, sizeof(listener)) < 0 ||
			read(taken[0], &byte, 1) < 0)
			call_die("pipe");
		execv(command[0], command);
		call_die(command[0]);
	}
	close(number[1]);
	if (read(number[0], &listener, sizeof(listener)) != sizeof(listener))
		call_die("no filter");
	int pidfd = (int)syscall(SYS_pidfd_open, parent_pid, 0);
	int copy = (int)syscall(SYS_pidfd_getfd, pidfd, listener, 0);

	if (copy < 0)
		call_die("pidfd_getfd");
	close(pidfd);
	close(taken[1]);
	close(taken[0]);
	close(number[0]);
	return copy;
}

/* -------------------------------------------------------- the processes */

/* NULL for another program. */
static const char *find_role(pid_t thread)
{
	char path[64];
	struct stat st;
	pid_t process = call_status_number(thread, "\nTgid:");

	snprintf(path, sizeof(path), "/proc/%d/exe", thread);
	if (stat(path, &st) < 0 || st.st_ino != program.st_ino || st.st_dev != program.st_dev)
		return NULL;
	if (process == parent_pid)
		return "parent";
	if (!child_pid && call_status_number(thread, "\nPPid:") == parent_pid)
		child_pid = process;
	return process == child_pid ? "child" : "helper";
}

/* -------------------------------------------------------- answers */

static struct key *count_key(const char *text)
{
	size_t i;

	for (i = 0; i < key_count && strcmp(keys[i].text, text) != 0; i++)
		;
	if (i == KEYS_MAX)
		call_die("too many keys");
	if (i == key_count)
		strcpy(keys[key_count++].text, text);
	keys[i].count++;
	return &keys[i];
}

static void fail(
	const struct call *call, const struct seccomp_notif *asked, struct seccomp_notif_resp *ret)
{
	static const struct {
		char letter;
		int error;
	} errors[] = { { 'E', EIO }, { 'S', ENOSPC }, { 'M', ENOMEM }, { 'N', EINTR },
		{ 'A', EAGAIN } };

	ret->flags = 0;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].letter == wanted_fault)
			ret->error = -errors[i].error;
	}
	if (wanted_fault == 'H') {
		ret->val = call_do_half(call, asked);
		ret->error = ret->val < 0 ? (int)ret->val : 0;
	}
	met = true;
	fprintf(output, "met\n");
}

/* Roles are told by the order of the processes, so the first call of each child counts, whatever it
 * is. */
static bool is_wanted(const struct call *call)
{
	return !wanted_key || (!met && strcmp(call->name, wanted_name) == 0) || !child_pid;
}

static void answer(const struct seccomp_notif *asked, struct seccomp_notif_resp *ret)
{
	const struct call *call = call_find(asked->data.nr);
	char object[OBJECT_MAX] = "", text[OBJECT_MAX + 64], faults[16];
	const char *role = NULL;

	ret->id = asked->id;
	ret->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (is_wanted(call))
		role = find_role((pid_t)asked->pid);
	if (!role)
		return;
	call_list_faults(call, asked, faults);
	if (!*faults)
		return;
	call_name_object(call, asked, folder, object);
	snprintf(text, sizeof(text), "%s\t%s\t%s", role, call->name, object);
	struct key *key = count_key(text);

	if (!wanted_key)
		fprintf(output, "%s\t%u\t%s\n", text, key->count, faults);
	else if (key->count == wanted_number && strcmp(text, wanted_key) == 0)
		fail(call, asked, ret);
}

/* True if the first process has ended. It stays a zombie until main() reaps it. */
static bool has_ended(void)
{
	siginfo_t info = { 0 };

	waitid(P_PID, (id_t)parent_pid, &info, WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid != 0;
}

/* Answers until no process has the filter any more, or until others remain too long after the first
 * one. */
static void serve(int listener)
{
	struct pollfd poll_fd = { .fd = listener, .events = POLLIN };
	int rest_s = REST_SECONDS;

	while (rest_s > 0) {
		struct seccomp_notif asked = { 0 };
		struct seccomp_notif_resp response = { 0 };

		poll(&poll_fd, 1, 1000);
		if (poll_fd.revents & POLLIN &&
			ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) == 0) {
			answer(&asked, &response);
			ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
		} else if (poll_fd.revents & POLLHUP) {
			return;
		} else if (has_ended()) {
			rest_s--;
		}
	}
}

/* Kills what remains: orphans are children of this process. */
static void kill_rest(void)
{
	char path[64], text[4096] = "";
	int fd, left;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		call_die(path);
	close(fd);
	for (char *at = text, *end; (left = (int)strtol(at, &end, 10)) > 0; at = end) {
		fprintf(output, "left %d\n", left);
		kill(left, SIGKILL);
	}
}

static int run(char **command)
{
	int status, listener;

	if (stat(command[0], &program) < 0 || !getcwd(folder, sizeof(folder)))
		call_die(command[0]);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	listener = start(command);
	serve(listener);
	if (waitpid(parent_pid, &status, 0) < 0)
		call_die("waitpid");
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	kill_rest();
	if (fclose(output) != 0)
		call_die("output");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	static char key[OBJECT_MAX + 64];

	const char *file = argc > 2 ? argv[2] : "";

	if (argc > 3 && strcmp(argv[1], "list") == 0) {
		argv += 3;
	} else if (argc > 8 && strcmp(argv[1], "fail") == 0) {
		snprintf(key, sizeof(key), "%s\t%s\t%s", argv[3], argv[4], argv[5]);
		wanted_key = key;
		wanted_name = argv[4];
		wanted_number = (unsigned int)atoi(argv[6]);
		wanted_fault = argv[7][0];
		argv += 8;
	} else {
		fprintf(stderr,
			"usage: inject list CALLS COMMAND...\n"
			"       inject fail REPORT ROLE NAME OBJECT NUMBER FAULT COMMAND...\n");
		return 2;
	}
	output = fopen(file, "we");
	if (!output)
		call_die(file);
	return run(argv);
}
