/* SPDX-License-Identifier: MIT */
/*
 * ring — a fixed number of buffers that go from one thread to another and back.
 *
 * One thread fills, one empties. Its memory is all that a lane of the copy holds of what it
 * copies.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Small enough that a piece is still in a processor's cache when it is emptied. */
#define RING_PIECES	 8
#define RING_PIECE_BYTES ((size_t)64 * 1024)

/* Some bytes of one path's archive. */
struct piece {
	size_t path; /* index into the closure */
	bool last;   /* of this path */
	size_t size_bytes;
	uint8_t *bytes; /* RING_PIECE_BYTES of them */
};

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t filled;	/* pieces ever handed over */
	size_t emptied; /* pieces ever given back */
	bool ended;	/* no more will be filled */
	bool stopped;	/* whoever waits shall give up */
	struct piece pieces[RING_PIECES];
};

void ring_init(struct ring *ring);
void ring_destroy(struct ring *ring);

/* For the filling thread: waits for an empty piece, NULL if the ring is stopped. */
struct piece *ring_fill(struct ring *ring);
/* Hands over the piece that ring_fill gave. */
void ring_filled(struct ring *ring);
/* Says that no more pieces come. */
void ring_end(struct ring *ring);

/* For the emptying thread: waits for the next piece, NULL if there will be none. */
struct piece *ring_empty(struct ring *ring);
/* Gives back the piece that ring_empty gave. */
void ring_emptied(struct ring *ring);

/* From any thread: nobody waits any longer. */
void ring_stop(struct ring *ring);
