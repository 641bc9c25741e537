/* SPDX-License-Identifier: MIT */
/*
 * piece_ring — a fixed number of buffers that go from one thread to another and back.
 *
 * One thread fills, one empties. Its memory is all that a worker of the copy holds of what it
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

struct piece_ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t filled;	/* pieces ever handed over */
	size_t emptied; /* pieces ever given back */
	bool ended;	/* no more will be filled */
	bool stopped;	/* whoever waits shall give up */
	struct piece pieces[RING_PIECES];
};

void piece_ring_init(struct piece_ring *ring);
void piece_ring_destroy(struct piece_ring *ring);

/* For the filling thread: waits for an empty piece, NULL if the ring is stopped. */
struct piece *piece_ring_fill(struct piece_ring *ring);
/* Hands over the piece that piece_ring_fill gave. */
void piece_ring_filled(struct piece_ring *ring);
/* Says that no more pieces come. */
void piece_ring_end(struct piece_ring *ring);

/* For the emptying thread: waits for the next piece, NULL if there will be none. */
struct piece *piece_ring_empty(struct piece_ring *ring);
/* Gives back the piece that piece_ring_empty gave. */
void piece_ring_emptied(struct piece_ring *ring);

/* From any thread: nobody waits any longer. */
void piece_ring_stop(struct piece_ring *ring);
