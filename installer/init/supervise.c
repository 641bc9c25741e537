/* SPDX-License-Identifier: MIT */
#include "init/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "init/machine.h"
#include "verdict/channels.h"
#include "verdict/console.h"
#include "verdict/report_post.h"

#define KLOG_CONSOLE_LEVEL 8  /* syslog(2), SYSLOG_ACTION_CONSOLE_LEVEL */
#define REST_DEADLINE_S	   5  /* for killed processes to end: a disk may hang */
#define SYNC_DEADLINE_S	   15 /* for the last sync: a disk may hang */

/* Sets oom_score_adj (proc(5)): the kernel kills the child first and the parent never. */
static void set_oom_score(const char *score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* A user may make its processes more likely to be killed, but not less (proc(5)). */
	if (write(fd, score, strlen(score)) < 0 && errno != EACCES)
		log_line("supervise: cannot set oom_score_adj: %s", strerror(errno));
	close(fd);
}

/* Reaps all processes that have ended. True if the child was one of them. */
static bool reap(pid_t child, int *ret_status)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == child) {
			*ret_status = status;
			return true;
		}
	}
	return false;
}

/* Waits until the child ends. The timeout is read each second, because the child sets it when it
 * has read the configuration. False if the timeout passed (*ret_signal is 0) or a signal asked to
 * stop (*ret_signal is the signal). */
static bool wait_for(pid_t child, const struct shared_state *shared, const sigset_t *signals,
	int *ret_status, int *ret_signal)
{
	int64_t start = clock_now_ms();
	const struct timespec second = { .tv_sec = 1 };

	*ret_signal = 0;
	while (!reap(child, ret_status)) {
		int sig = sigtimedwait(signals, NULL, &second);

		if (sig > 0 && sig != SIGCHLD) {
			*ret_signal = sig;
			return false;
		}
		if (clock_now_ms() - start >= shared->timeout_s * 1000LL)
			return false;
	}
	return true;
}

/* Kills the child and its descendants. As PID 1 these are all other processes. Otherwise they are
 * the child's process group; what has left the group ends when the child has ended. */
static void kill_rest(pid_t child)
{
	int64_t start = clock_now_ms();
	const struct timespec nap = { .tv_nsec = 10 * 1000 * 1000 };

	kill(getpid() == 1 ? -1 : -child, SIGKILL);
	/* The report needs their memory, and their devices stay busy until they have ended. */
	while (waitpid(-1, NULL, WNOHANG) >= 0 && clock_now_ms() - start < REST_DEADLINE_S * 1000)
		nanosleep(&nap, NULL);
}

/* Sets the error of a child that ended without a result. */
static void explain_death(int status, struct shared_state *shared)
{
	const char *stage = stage_name(shared->stage);

	if (shared->finished)
		return;
	if (WIFSIGNALED(status))
		error_set_code(&shared->error, EXIT_INTERNAL, -EIO,
			"The installer was killed by signal %d (%s) in the stage %s.",
			WTERMSIG(status), strsignal(WTERMSIG(status)), stage);
	else
		error_set_code(&shared->error, EXIT_INTERNAL, -EIO,
			"The installer ended with exit status %d in the stage %s without a result.",
			WEXITSTATUS(status), stage);
}

/* Sets the error of an install that the parent ended. */
static void explain_stop(int sig, struct shared_state *shared)
{
	if (sig)
		error_set_code(&shared->error, EXIT_INTERNAL, -EINTR,
			"The install was ended from outside by signal %d (%s).", sig,
			strsignal(sig));
	else
		error_set_code(&shared->error, EXIT_TIMEOUT, -ETIMEDOUT,
			"The install did not end within %u seconds.", shared->timeout_s);
}

/* Prints the verdict on a line of its own: kernel messages are turned off first, and a newline ends
 * a line that the kernel or the killed child has left unfinished. */
static void report_verdict(const struct shared_state *shared)
{
	const struct event verdict = shared_state_verdict(shared);

	if (getpid() == 1) {
		klogctl(KLOG_CONSOLE_LEVEL, NULL, 1);
		console_open_all();
	}
	if (getpid() == 1 || !shared->finished)
		console_write("\n", 1, false);
	channels_report(&verdict);
	console_drain();
}

static void block_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGCHLD);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGHUP);
	sigprocmask(SIG_BLOCK, ret, NULL);
	/* The reader of standard output may have gone. */
	signal(SIGPIPE, SIG_IGN);
}

/* Runs work in a child and returns its process ID, or a negative errno with a sentence if fork
 * fails. The child leads a process group, so that kill_rest reaches its descendants. */
static pid_t start_worker(int (*work)(struct shared_state *shared, void *userdata), void *userdata,
	struct shared_state *shared, const sigset_t *signals)
{
	pid_t child = fork();

	if (child < 0)
		return error_errno(&shared->error, -errno, "start a process for the install");
	if (child == 0) {
		sigprocmask(SIG_UNBLOCK, signals, NULL);
		setpgid(0, 0);
		/* Without a parent there would be neither a verdict nor a deadline. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		set_oom_score("500");
		_exit(work(shared, userdata));
	}
	setpgid(child, child);
	set_oom_score("-1000");
	return child;
}

/* The life of an install, seen from its parent. prepare and work come from main; both fill
 * shared->error on failure. The result is shared->error.code, which is set in one of five ways:
 *  1. prepare or fork failed: EXIT_INTERNAL with their sentence;
 *  2. the child finished and has set shared->error itself (0: installed);
 *  3. the child died by a signal or without a result: explain_death;
 *  4. the timeout passed: EXIT_TIMEOUT, explain_stop;
 *  5. a signal asked this process to stop: EXIT_INTERNAL, explain_stop.
 * All other processes are dead before the report and the verdict, so that nothing is written to the
 * disk or to a console afterwards. */
int supervise(int (*prepare)(struct error *err),
	int (*work)(struct shared_state *shared, void *userdata), void *userdata,
	struct shared_state *shared)
{
	sigset_t signals;
	int status = 0, sig, r;
	pid_t child;

	block_signals(&signals);
	/* Orphaned descendants become children of this process, which reaps them. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	r = prepare ? prepare(&shared->error) : 0;
	child = r < 0 ? r : start_worker(work, userdata, shared, &signals);
	if (child < 0) {
		shared->error.code = EXIT_INTERNAL;
	} else {
		bool ended = wait_for(child, shared, &signals, &status, &sig);

		kill_rest(child);
		if (ended)
			explain_death(status, shared);
		else
			explain_stop(sig, shared);
		report_post_send(shared);
	}
	report_verdict(shared);
	return shared->error.code;
}

/* Syncs in a child, which is abandoned at the deadline: a disk may hang. */
static void sync_with_deadline(void)
{
	int64_t start = clock_now_ms();
	const struct timespec nap = { .tv_nsec = 100 * 1000 * 1000 };
	pid_t child = fork();

	if (child == 0) {
		sync();
		_exit(0);
	}
	while (child > 0 && waitpid(child, NULL, WNOHANG) == 0 &&
		clock_now_ms() - start < SYNC_DEADLINE_S * 1000)
		nanosleep(&nap, NULL);
}

/* Runs a shell on the last console (on-success or on-failure is shell). */
static void run_shell(void)
{
	pid_t child = fork();

	if (child == 0) {
		int fd = open("/dev/console", O_RDWR);

		setsid();
		ioctl(fd, TIOCSCTTY, 1);
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execl("/bin/sh", "sh", (char *)NULL);
		_exit(127);
	}
	while (child > 0 && waitpid(-1, NULL, 0) != child && errno != ECHILD)
		;
}

/* RB_POWER_OFF would halt a machine that cannot be switched off, and it would run for ever.
 * Hypervisors for machines without power management take a reset for the end, or restart the
 * machine. */
static int choose_ending(enum ending ending)
{
	if (ending == ENDING_REBOOT || ending == ENDING_KEXEC)
		return RB_AUTOBOOT;
	if (machine_can_power_off("/sys"))
		return RB_POWER_OFF;
	log_line(
		"supervise: this machine has no power management (ACPI), so it is reset instead of powered off");
	console_drain();
	return RB_AUTOBOOT;
}

_Noreturn void supervise_end_machine(const struct shared_state *shared, int code)
{
	enum ending ending = code == EXIT_INSTALLED ? shared->on_success : shared->on_failure;

	if (ending == ENDING_SHELL)
		run_shell();
	sync_with_deadline();
	if (ending == ENDING_KEXEC)
		reboot(RB_KEXEC);
	reboot(choose_ending(ending));
	/* If reboot(2) returns, the exit of PID 1 makes the kernel panic, which ends the machine
	 * with panic=-1. */
	_exit(code);
}
