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
#define DRAIN_DEADLINE 5000 /* ms for everything to leave */
#define DRAIN_NAP      20   /* ms between two looks */

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

/* Another descriptor for the same pipe or terminal: who shares ours with us may not expect it not
 * to block. A file takes what is written, and a socket cannot be opened again (line_writer.h). */
void console_open_standard(void)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		consoles[0].fd = fd;
}

/* A terminal may take a line piece by piece: no other thread's may come between. */
void console_write(const char *line, size_t size_bytes, bool insist)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < console_count; i++)
		line_writer_write(&consoles[i], line, size_bytes, insist);
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
	/* The UART's own 16 bytes are not counted in the queue. */
	poll(NULL, 0, DRAIN_NAP);
}

void console_silence(void)
{
	console_count = 0;
}
