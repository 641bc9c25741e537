/* SPDX-License-Identifier: MIT */
/*
 * piece_ring — a bounded queue of buffers from one producer thread to one consumer thread.
 *
 * Its buffers are all that a worker holds of the data that it copies.
 *
 * Tested by: tests/unit/test_copy.c.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Small enough that a piece is still in the processor's cache when the consumer reads it. */
#define RING_PIECES	 8
#define RING_PIECE_BYTES ((size_t)64 * 1024)

/* A part of one path's archive. */
struct piece {
	size_t path; /* index into the closure */
	bool last;   /* of this path */
	size_t size_bytes;
	uint8_t *bytes; /* RING_PIECE_BYTES of them */
};

struct piece_ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t filled;	/* pieces produced so far */
	size_t emptied; /* pieces consumed so far */
	bool ended;	/* the producer has finished */
	bool stopped;	/* no thread waits any longer */
	struct piece pieces[RING_PIECES];
};

void piece_ring_init(struct piece_ring *ring);
void piece_ring_destroy(struct piece_ring *ring);

/* Producer: waits for a free piece; NULL if the ring is stopped. */
struct piece *piece_ring_fill(struct piece_ring *ring);
/* Producer: passes the piece from piece_ring_fill to the consumer. */
void piece_ring_filled(struct piece_ring *ring);
/* Producer: no more pieces follow. */
void piece_ring_end(struct piece_ring *ring);

/* Consumer: waits for the next piece; NULL at the end or if the ring is stopped. */
struct piece *piece_ring_empty(struct piece_ring *ring);
/* Consumer: releases the piece from piece_ring_empty. */
void piece_ring_emptied(struct piece_ring *ring);

/* Wakes both threads and ends their waiting. Thread-safe. */
void piece_ring_stop(struct piece_ring *ring);
