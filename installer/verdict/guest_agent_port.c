/* SPDX-License-Identifier: MIT */
#include "verdict/guest_agent_port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "verdict/guest_agent.h"
#include "verdict/line_writer.h"
#include "verdict/virtio_port.h"

#define PORT_NAME   "org.qemu.guest_agent.0"
#define PIECE_BYTES 4096
#define WAIT_MS	    1000
#define NAP_MS	    100 /* while the host has not opened its end: poll returns at once then */

/* proc(5): the first process to be killed when memory runs out. */
static void set_oom_score_highest(void)
{
	AUTO_CLOSE int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "1000", 4) < 0)
		log_line("agent: cannot set oom_score_adj: %s", strerror(errno));
}

static void answer_piece(
	struct guest_agent *agent, struct line_writer *writer, const char *piece, size_t size_bytes)
{
	size_t replies_bytes;
	AUTO_FREE char *replies = guest_agent_answer(agent, piece, size_bytes, &replies_bytes);

	if (replies)
		line_writer_write(writer, replies, replies_bytes, false);
}

/* A read of 0 bytes says that the host has closed its end. What it has sent before is stale
 * then. */
static void serve_port(int fd)
{
	struct line_writer writer = { .fd = fd };
	struct pollfd host = { .fd = fd, .events = POLLIN };
	struct guest_agent agent = { 0 };
	char piece[PIECE_BYTES];

	for (;;) {
		ssize_t n;

		if (poll(&host, 1, WAIT_MS) <= 0)
			continue;
		n = read(fd, piece, sizeof(piece));
		if (n > 0) {
			answer_piece(&agent, &writer, piece, (size_t)n);
			continue;
		}
		if (n == 0)
			agent = (struct guest_agent){ 0 };
		poll(NULL, 0, NAP_MS);
	}
}

static _Noreturn void run_agent(void)
{
	char name[64], path[128];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	set_oom_score_highest();
	if (!virtio_port_find(PORT_NAME, true, name, sizeof(name)))
		_exit(0);
	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		log_line("agent: open %s: %s", path, strerror(errno));
		_exit(1);
	}
	serve_port(fd);
	_exit(0);
}

void guest_agent_port_start(void)
{
	pid_t pid = fork();

	if (pid == 0)
		run_agent();
	if (pid < 0)
		log_line("agent: start a process: %s", strerror(errno));
}
