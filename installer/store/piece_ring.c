/* SPDX-License-Identifier: MIT */
#include "store/piece_ring.h"

#include "base/cleanup.h"

/* A thread that has found the ring empty, or full, is woken when so many pieces are in it: on a
 * busy processor the two threads would else take turns for each piece. */
#define WAKE_PIECES (RING_PIECES / 2)

void piece_ring_init(struct piece_ring *ring)
{
	*ring = (struct piece_ring){ 0 };
	pthread_mutex_init(&ring->lock, NULL);
	pthread_cond_init(&ring->changed, NULL);
	for (size_t i = 0; i < RING_PIECES; i++)
		ring->pieces[i].bytes = must_realloc(NULL, RING_PIECE_BYTES, 1);
}

void piece_ring_destroy(struct piece_ring *ring)
{
	for (size_t i = 0; i < RING_PIECES; i++)
		free(ring->pieces[i].bytes);
	pthread_cond_destroy(&ring->changed);
	pthread_mutex_destroy(&ring->lock);
}

struct piece *piece_ring_fill(struct piece_ring *ring)
{
	struct piece *piece = NULL;
	size_t most = RING_PIECES - 1;

	pthread_mutex_lock(&ring->lock);
	for (; !ring->stopped && ring->filled - ring->emptied > most; most = WAKE_PIECES)
		pthread_cond_wait(&ring->changed, &ring->lock);
	if (!ring->stopped)
		piece = &ring->pieces[ring->filled % RING_PIECES];
	pthread_mutex_unlock(&ring->lock);
	return piece;
}

struct piece *piece_ring_empty(struct piece_ring *ring)
{
	struct piece *piece = NULL;
	size_t least = 1;

	pthread_mutex_lock(&ring->lock);
	for (; !ring->stopped && !ring->ended && ring->filled - ring->emptied < least;
		least = WAKE_PIECES)
		pthread_cond_wait(&ring->changed, &ring->lock);
	if (!ring->stopped && ring->filled != ring->emptied)
		piece = &ring->pieces[ring->emptied % RING_PIECES];
	pthread_mutex_unlock(&ring->lock);
	return piece;
}

void piece_ring_filled(struct piece_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	if (++ring->filled - ring->emptied == WAKE_PIECES)
		pthread_cond_signal(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

void piece_ring_emptied(struct piece_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	if (ring->filled - ++ring->emptied == WAKE_PIECES)
		pthread_cond_signal(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

void piece_ring_end(struct piece_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->ended = true;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

void piece_ring_stop(struct piece_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->stopped = true;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}
