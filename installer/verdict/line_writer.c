/* SPDX-License-Identifier: MIT */
#include "verdict/line_writer.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define PATIENCE_MS	     2000
#define DELIVERY_PATIENCE_MS 5000

/* False if the deadline has passed or there is no reader. */
static bool wait_for_room(int fd, int64_t deadline_ms)
{
	struct pollfd full = { .fd = fd, .events = POLLOUT };
	int64_t left = deadline_ms - clock_now_ms();

	return left > 0 && poll(&full, 1, (int)left) >= 0 && (full.revents & POLLOUT);
}

/* Another process may have cleared O_NONBLOCK of a shared socket: MSG_DONTWAIT holds for the
 * call. */
static ssize_t write_now(int fd, const char *data, size_t size_bytes)
{
	ssize_t n = send(fd, data, size_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);

	return n < 0 && errno == ENOTSOCK ? write(fd, data, size_bytes) : n;
}

/* Returns how many bytes were written. */
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

bool line_writer_write(
	struct line_writer *writer, const char *line, size_t size_bytes, bool must_deliver)
{
	int patience_ms = must_deliver		 ? DELIVERY_PATIENCE_MS
			  : writer->unresponsive ? 0
						 : PATIENCE_MS;
	int64_t deadline_ms = clock_now_ms() + patience_ms;
	size_t done;

	/* End the truncated line first, so that this one begins at the start of a line. */
	if (writer->truncated && write_until(writer->fd, "\n", 1, deadline_ms) == 1)
		writer->truncated = false;
	done = writer->truncated ? 0 : write_until(writer->fd, line, size_bytes, deadline_ms);
	writer->unresponsive = done < size_bytes;
	if (writer->unresponsive && done > 0)
		writer->truncated = true;
	return !writer->unresponsive;
}
