/* SPDX-License-Identifier: MIT */
#include "verdict/report_post.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/download.h"
#include "verdict/progress.h"

#define GRACE_MS 2000 /* for the process to log why it failed */
#define NAP_MS	 20

void report_post_prepare(struct shared_state *shared, const struct report_target *target)
{
	if (target->url[0] == '\0')
		return;
	shared->report_target = *target;
	shared->report_wanted = true;
}

/* Runs in a separate process; never returns. */
static _Noreturn void send_it(const struct shared_state *shared)
{
	const struct event verdict = shared_state_verdict(shared);
	char *json = protocol_report(&verdict, shared->results, shared->result_count);
	struct error err;
	sigset_t none;
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	r = download_post(&shared->report_target, json, REPORT_DEADLINE_S * 1000LL, &err);
	if (r < 0)
		log_line("report: %s", err.text);
	_exit(r < 0);
}

/* Whether the process succeeded before the deadline. One that hangs is killed and not waited
 * for. */
static bool ends_well(pid_t pid)
{
	int64_t deadline_ms = clock_now_ms() + REPORT_DEADLINE_S * 1000LL + GRACE_MS;
	int status = -1;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_now_ms() >= deadline_ms) {
			log_line("report: it was not sent within %d s", REPORT_DEADLINE_S);
			kill(pid, SIGKILL);
			return false;
		}
		poll(NULL, 0, NAP_MS);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void report_post_send(struct shared_state *shared)
{
	pid_t pid;

	if (!shared->report_wanted)
		return;
	pid = fork();
	if (pid == 0)
		send_it(shared);
	progress_result(shared, "report", pid > 0 && ends_well(pid) ? "sent" : "failed");
}
