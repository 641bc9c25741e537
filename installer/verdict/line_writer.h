/* SPDX-License-Identifier: MIT */
/*
 * line_writer — a descriptor that takes lines for somebody who may have stopped reading.
 *
 * Nothing here blocks past a deadline, and a reader that stands still costs one deadline, not one
 * for every line: until it reads again, lines that it has no room for are dropped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct line_writer {
	int fd;	      /* a socket, or opened with O_NONBLOCK */
	bool stalled; /* it did not take the last line */
	bool cut;     /* of which it has the beginning */
};

/* Writes a whole line with its newline; whether all of it was taken. One that matters (insist) is
 * given time even where the reader stands still. */
bool line_writer_write(
	struct line_writer *writer, const char *line, size_t size_bytes, bool insist);
