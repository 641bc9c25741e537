/* SPDX-License-Identifier: MIT */
#include "verdict/console.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "verdict/line_writer.h"

#define CONSOLES_MAX   8
#define DRAIN_DEADLINE 5000 /* ms for the queues to become empty */
#define DRAIN_NAP      20   /* ms between two checks */

static struct line_writer consoles[CONSOLES_MAX] = { { .fd = STDOUT_FILENO } };
static size_t console_count = 1;

void console_open_all(void)
{
	char active[256], path[300], *save = NULL;

	console_count = 0;
	file_read_line("/sys/class/tty/console/active", active, sizeof(active));
	for (char *name = strtok_r(active, " ", &save); name && console_count < CONSOLES_MAX;
		name = strtok_r(NULL, " ", &save)) {
		snprintf(path, sizeof(path), "/dev/%s", name);
		int fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0)
			consoles[console_count++] = (struct line_writer){ .fd = fd };
	}
}

/* Opens the same pipe or terminal again: O_NONBLOCK on the inherited descriptor would affect the
 * other processes that share it. A file never blocks, and a socket cannot be opened again
 * (line_writer.h). */
void console_open_standard(void)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		consoles[0].fd = fd;
}

/* A terminal may accept a line in pieces: the lock keeps lines of other threads out of it. */
void console_write(const char *line, size_t size_bytes, bool must_deliver)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < console_count; i++)
		line_writer_write(&consoles[i], line, size_bytes, must_deliver);
	pthread_mutex_unlock(&lock);
}

void console_drain(void)
{
	int64_t deadline = clock_now_ms() + DRAIN_DEADLINE;

	for (size_t i = 0; i < console_count; i++) {
		int waiting = 0;

		while (ioctl(consoles[i].fd, TIOCOUTQ, &waiting) == 0 && waiting > 0 &&
			clock_now_ms() < deadline)
			poll(NULL, 0, DRAIN_NAP);
	}
	/* The queue does not count the 16 bytes in the UART's own buffer. */
	poll(NULL, 0, DRAIN_NAP);
}

void console_silence(void)
{
	console_count = 0;
}
