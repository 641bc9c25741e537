/* SPDX-License-Identifier: MIT */
#include "verdict/report_events.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/download.h"

#define EVENT_DEADLINE_MS 10000 /* for one report */
#define NAP_MS		  20

static struct {
	pid_t pid;
	int fd; /* of the pipe to the process; -1 if there is none */
} sender = { .fd = -1 };

/* After a failure the reports have one attempt each until one succeeds, and only the first failure
 * of a row is logged: a server that is away costs little. */
static void post(struct report_target *target, unsigned attempts, const char *json, bool *failed)
{
	struct error err = { 0 };
	int r;

	target->fetch.attempts = *failed ? 1 : attempts;
	r = download_post(target, json, EVENT_DEADLINE_MS, &err);
	if (r < 0 && !*failed)
		log_line("report: %s", err.text);
	*failed = r < 0;
}

/* Runs in the process: posts each line of the pipe; never returns. */
static _Noreturn void send_events(int fd, struct report_target target)
{
	unsigned attempts = target.fetch.attempts;
	bool failed = false;
	char *line = NULL;
	size_t room_bytes = 0;
	FILE *events = fdopen(fd, "r");

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (events && getline(&line, &room_bytes, events) > 0)
		post(&target, attempts, line, &failed);
	_exit(0);
}

static int start_sender(const struct report_target *target)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	sender.pid = fork();
	if (sender.pid == 0) {
		close(ends[1]);
		send_events(ends[0], *target);
	}
	close(ends[0]);
	if (sender.pid < 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0) {
		int r = -errno;

		close(ends[1]);
		return r;
	}
	sender.fd = ends[1];
	return 0;
}

void report_events_begin(const struct report_target *target)
{
	int r;

	if (target->url[0] == '\0' || sender.fd >= 0)
		return;
	r = start_sender(target);
	if (r < 0)
		log_line("report: start a process: %s", strerror(-r));
	report_events_add(&(const struct event){ .type = EVENT_STARTED });
}

/* A line has at most PIPE_BUF bytes, so the pipe takes it whole or not at all (pipe(7)).
 * supervise() has turned SIGPIPE off. */
void report_events_add(const struct event *event)
{
	AUTO_FREE char *line = NULL;

	if (sender.fd < 0)
		return;
	line = protocol_report_event(event);
	if (strlen(line) > PIPE_BUF || write(sender.fd, line, strlen(line)) < 0)
		log_line("report: an event was dropped");
}

void report_events_end(void)
{
	int64_t deadline_ms = clock_now_ms() + REPORT_EVENTS_GRACE_MS;

	if (sender.fd < 0)
		return;
	close(sender.fd);
	sender.fd = -1;
	while (waitpid(sender.pid, NULL, WNOHANG) == 0 && clock_now_ms() < deadline_ms)
		poll(NULL, 0, NAP_MS);
}
