/* SPDX-License-Identifier: MIT */
/*
 * outlet — a descriptor that takes lines for somebody who may have stopped reading.
 *
 * Nothing here blocks past a deadline, and a reader that stands still costs one deadline, not one
 * for every line: until it reads again, lines that it has no room for are dropped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct outlet {
	int fd;	      /* a socket, or opened with O_NONBLOCK */
	bool stalled; /* it did not take the last line */
	bool cut;     /* of which it has the beginning */
};

/* Writes a whole line with its newline; whether all of it was taken. One that matters (insist) is
 * given time even where the reader stands still. */
bool outlet_write(struct outlet *outlet, const char *line, size_t size_bytes, bool insist);
