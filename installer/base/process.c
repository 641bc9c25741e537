/* SPDX-License-Identifier: MIT */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#define LINE_BYTES     512
#define EXIT_NOT_FOUND 127
#define USUAL_FOLDERS  "/usr/bin:/bin:/usr/local/bin:/run/current-system/sw/bin"
#define ROOT_FOLDERS   "/usr/sbin:/sbin"

static const char *const default_environment[] = {
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root",
	"LANG=C.UTF-8",
	NULL,
};

/* A descriptor from which the program reads text; /dev/null for NULL. */
static int open_input(const char *text, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	int r;

	if (!text) {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return error_errno(err, -errno, "open /dev/null");
		return steal_fd(&fd);
	}
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "prepare the input of a program");
	r = file_write_at(fd, text, strlen(text), 0);
	if (r < 0)
		return error_errno(err, r, "prepare the input of a program");
	return steal_fd(&fd);
}

/* Enters the root, or mounts a /proc for the new PID namespace. */
static bool settle_in(const struct process *child)
{
	if (child->root)
		return chroot(child->root) == 0 && chdir("/") == 0;
	if (!child->apart)
		return true;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("proc", "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL) == 0;
}

/* In the new process: never returns. Errors are written to the output pipe. */
static _Noreturn void execute(const struct process *child, int input, int output)
{
	const char *const *environment = child->environment ? child->environment
							    : default_environment;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	/* The kernel kills the program when the installer ends. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The guest's scripts start hundreds of programs. Where these are always loaded to the same
	 * addresses, an emulated processor translates them once: a tenth of an install. */
	if (child->root)
		personality(ADDR_NO_RANDOMIZE);
	if (dup2(input, STDIN_FILENO) >= 0 &&
		dup2(child->output_fd > 0 ? child->output_fd : output, STDOUT_FILENO) >= 0 &&
		dup2(output, STDERR_FILENO) >= 0 && settle_in(child))
		execve(child->argv[0], (char *const *)child->argv, (char *const *)environment);
	dprintf(output, "%s: %s\n", child->argv[0], strerror(errno));
	_exit(EXIT_NOT_FOUND);
}

/* Forks. With a root, or apart, the process is the first of a new PID namespace: when it ends, the
 * kernel kills its descendants, so that none keeps a mount busy. */
static pid_t start_process(const struct process *child)
{
	unsigned long flags = SIGCHLD | CLONE_NEWPID | (child->apart ? CLONE_NEWNS : 0);

	if (!child->root && !child->apart)
		return fork();
	return (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0);
}

/* State of relaying a program's output to the log. */
struct relay {
	const struct process *child;
	const char *name;
	char line[LINE_BYTES];
	char last[LINE_BYTES]; /* the last line with a reason, or the last one if none has */
	bool has_reason;
	size_t used; /* of the current line */
};

/* Whether a line says more than that another program failed, whose own line came before. Python
 * indents the frames of a traceback. */
static bool gives_reason(const char *line)
{
	static const char *const phrases[] = {
		"Traceback (most recent call last)",
		"CalledProcessError",
		"returned non-zero exit status",
		"Failed to install bootloader",
	};

	if (line[0] == ' ' || line[0] == '\t')
		return false;
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (strstr(line, phrases[i]))
			return false;
	return true;
}

static void end_line(struct relay *relay)
{
	relay->line[relay->used] = '\0';
	relay->line[strcspn(relay->line, "\r")] = '\0';
	relay->used = 0;
	if (relay->line[0] == '\0')
		return;
	if (!relay->child->quiet)
		log_line("%s: %s", relay->name, relay->line);
	if (relay->child->watch)
		relay->child->watch(relay->line, relay->child->userdata);
	if (relay->has_reason && !gives_reason(relay->line))
		return;
	relay->has_reason = gives_reason(relay->line);
	memcpy(relay->last, relay->line, sizeof(relay->last));
}

static void take_output(struct relay *relay, const char *data, size_t size_bytes)
{
	for (; size_bytes > 0; data++, size_bytes--) {
		if (*data != '\n')
			relay->line[relay->used++] = *data;
		if (*data == '\n' || relay->used == LINE_BYTES - 1)
			end_line(relay);
	}
}

/* Reads until the last writer has closed the pipe, or until the program has ended and all its
 * output was read. Processes that it left running are killed, so that they write no more. */
static void relay_output(int output, pid_t pid, struct relay *relay)
{
	AUTO_CLOSE int process = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[] = {
		{ .fd = output, .events = POLLIN },
		{ .fd = process, .events = POLLIN },
	};
	char data[4096];
	ssize_t n = 1;

	while (n > 0) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			kill(-pid, SIGKILL);
		if (fds[0].revents == 0)
			break;
		do
			n = read(output, data, sizeof(data));
		while (n < 0 && errno == EINTR);
		if (n > 0)
			take_output(relay, data, (size_t)n);
	}
	end_line(relay);
	text_sanitize(relay->last);
}

static int check_exit(const char *name, int status, const char *last, struct error *err)
{
	const char *said = last[0] ? ": " : "";

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return error_set(err, -EIO, "%s was killed by signal %d (%s)%s%s", name,
			WTERMSIG(status), strsignal(WTERMSIG(status)), said, last);
	return error_set(err, WEXITSTATUS(status) == EXIT_NOT_FOUND ? -ENOEXEC : -EIO,
		"%s failed with exit status %d%s%s", name, WEXITSTATUS(status), said, last);
}

/* Waits for the end of the program. relay_output does not see processes that were left running with
 * another output. They are killed before the program is reaped: after that its number, which is
 * that of their group, may belong to others. */
static int wait_for_end(pid_t pid, int *ret_status)
{
	siginfo_t info;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		if (errno != EINTR)
			return -errno;
	kill(-pid, SIGKILL);
	return waitpid(pid, ret_status, 0) < 0 ? -errno : 0;
}

int process_run(const struct process *child, struct error *err)
{
	const char *name = file_base_name(child->argv[0]);
	AUTO_CLOSE int input = open_input(child->input, err);
	struct relay relay = { .child = child, .name = name };
	int ends[2], status, r;
	pid_t pid;

	if (input < 0)
		return input;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(err, -errno, "make a pipe for %s", name);
	pid = start_process(child);
	if (pid == 0)
		execute(child, input, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return error_errno(err, -errno, "start %s", name);
	}
	relay_output(ends[0], pid, &relay);
	close(ends[0]);
	r = wait_for_end(pid, &status);
	if (r < 0)
		return error_errno(err, r, "wait for %s", name);
	return check_exit(name, status, relay.last, err);
}

int process_find(const char *name, const char *folders, char *ret, size_t ret_bytes)
{
	while (*folders) {
		int length = (int)strcspn(folders, ":");
		int n = snprintf(ret, ret_bytes, "%.*s/%s", length, folders, name);

		if (length > 0 && n > 0 && (size_t)n < ret_bytes && access(ret, X_OK) == 0)
			return 0;
		folders += length + (folders[length] == ':');
	}
	return -ENOENT;
}

int process_find_program(const char *name, char *ret, size_t ret_bytes)
{
	const char *path = getenv("PATH");

	if (process_find(name, path ? path : USUAL_FOLDERS, ret, ret_bytes) == 0)
		return 0;
	return process_find(name, ROOT_FOLDERS, ret, ret_bytes);
}
