/* SPDX-License-Identifier: MIT */
/*
 * line_writer — writes whole lines to a descriptor whose reader may have stopped reading.
 *
 * No call blocks past a deadline. An unresponsive reader costs one deadline, not one for each line:
 * until it reads again, lines that do not fit into its buffer are dropped. Which lines there are is
 * decided by console and virtio_port.
 *
 * Tested by: tests/unit/test_line_writer.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct line_writer {
	int fd;		   /* a socket, or opened with O_NONBLOCK */
	bool unresponsive; /* the last line was not written whole */
	bool truncated;	   /* the beginning of that line was written */
};

/* Writes a whole line with its newline. Returns whether all of it was written. With must_deliver
 * the call waits for room even if the reader is unresponsive. */
bool line_writer_write(
	struct line_writer *writer, const char *line, size_t size_bytes, bool must_deliver);
