/* SPDX-License-Identifier: MIT */
#include "verdict/line_writer.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define PATIENCE_MS	   2000
#define INSIST_PATIENCE_MS 5000

/* False once the deadline has passed, or where there is nobody to wait for. */
static bool wait_for_room(int fd, int64_t deadline_ms)
{
	struct pollfd full = { .fd = fd, .events = POLLOUT };
	int64_t left = deadline_ms - clock_now_ms();

	return left > 0 && poll(&full, 1, (int)left) >= 0 && (full.revents & POLLOUT);
}

/* A socket that is shared with others blocks unless each call says no. */
static ssize_t write_now(int fd, const char *data, size_t size_bytes)
{
	ssize_t n = send(fd, data, size_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

	return n < 0 && errno == ENOTSOCK ? write(fd, data, size_bytes) : n;
}

/* Returns how many bytes were taken. */
static size_t write_until(int fd, const char *data, size_t size_bytes, int64_t deadline_ms)
{
	size_t done = 0;

	while (done < size_bytes) {
		ssize_t n = write_now(fd, data + done, size_bytes - done);

		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno == EINTR)
			continue;
		else if (n == 0 || errno != EAGAIN || !wait_for_room(fd, deadline_ms))
			break;
	}
	return done;
}

bool line_writer_write(struct line_writer *writer, const char *line, size_t size_bytes, bool insist)
{
	int patience_ms = insist ? INSIST_PATIENCE_MS : writer->stalled ? 0 : PATIENCE_MS;
	int64_t deadline_ms = clock_now_ms() + patience_ms;
	size_t done;

	/* What is left of a line that was cut must not stand before this one. */
	if (writer->cut && write_until(writer->fd, "\n", 1, deadline_ms) == 1)
		writer->cut = false;
	done = writer->cut ? 0 : write_until(writer->fd, line, size_bytes, deadline_ms);
	writer->stalled = done < size_bytes;
	if (writer->stalled && done > 0)
		writer->cut = true;
	return !writer->stalled;
}
