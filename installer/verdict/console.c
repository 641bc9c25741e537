/* SPDX-License-Identifier: MIT */
#include "verdict/console.h"

#include <fcntl.h>
#include <linux/serial.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/architecture.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "verdict/line_writer.h"

#define CONSOLES_MAX	 8
#define NAME_BYTES	 32
#define COMMAND_LINE_MAX (64 * 1024)
#define EARLY_BYTES	 4096 /* of the first lines, for consoles that appear after them */
#define DRAIN_DEADLINE	 5000 /* ms for the queues to become empty */
#define DRAIN_NAP	 20   /* ms between two checks */

static struct line_writer consoles[CONSOLES_MAX] = { { .fd = STDOUT_FILENO } };
static char names[CONSOLES_MAX][NAME_BYTES]; /* empty for standard output */
static size_t console_count = 1;
static char early[EARLY_BYTES]; /* the lines so far, until one does not fit */
static size_t early_bytes;
static bool early_is_full;

static bool is_open(const char *name)
{
	for (size_t i = 0; i < console_count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Opens the terminal unless it is open. is_wanted may be NULL. */
static void open_terminal(const char *name, bool (*is_wanted)(int fd))
{
	char path[300];
	int fd;

	if (console_count == CONSOLES_MAX || is_open(name))
		return;
	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (is_wanted && !is_wanted(fd)) {
		close(fd);
		return;
	}
	snprintf(names[console_count], sizeof(names[0]), "%s", name);
	consoles[console_count] = (struct line_writer){ .fd = fd };
	line_writer_write(&consoles[console_count], early, early_bytes, false);
	console_count++;
}

/* Linux has nodes for serial ports that are not there (serial_core.h, PORT_UNKNOWN). */
static bool is_real_port(int fd)
{
	struct serial_struct port;

	return ioctl(fd, TIOCGSERIAL, &port) == 0 && port.type != PORT_UNKNOWN;
}

static bool is_console_named(void)
{
	AUTO_FREE char *command_line = NULL;
	struct error ignored;

	return file_read("/proc/cmdline", COMMAND_LINE_MAX, &command_line, NULL, &ignored) == 0 &&
	       strstr(command_line, "console=");
}

void console_open_all(void)
{
	static bool standard_is_dropped;
	char active[256], *save = NULL;

	if (!standard_is_dropped)
		console_count = 0;
	standard_is_dropped = true;
	file_read_line("/sys/class/tty/console/active", active, sizeof(active));
	for (char *name = strtok_r(active, " ", &save); name; name = strtok_r(NULL, " ", &save))
		open_terminal(name, NULL);
	/* The kernel has chosen a screen, which a machine without firmware does not have. */
	if (!is_console_named())
		open_terminal(architecture_native()->serial_console, is_real_port);
	/* The command line of the ISO names a serial port, and a machine may have only this console. */
	open_terminal("hvc0", NULL);
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

static void keep_early(const char *line, size_t size_bytes)
{
	early_is_full = early_is_full || size_bytes > sizeof(early) - early_bytes;
	if (early_is_full)
		return;
	memcpy(early + early_bytes, line, size_bytes);
	early_bytes += size_bytes;
}

/* A terminal may accept a line in pieces: the lock keeps lines of other threads out of it. */
void console_write(const char *line, size_t size_bytes, bool must_deliver)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	keep_early(line, size_bytes);
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
