/* SPDX-License-Identifier: MIT */
#include "store/ring.h"

#include "base/cleanup.h"

void ring_init(struct ring *ring)
{
	*ring = (struct ring){ 0 };
	pthread_mutex_init(&ring->lock, NULL);
	pthread_cond_init(&ring->changed, NULL);
	for (size_t i = 0; i < RING_PIECES; i++)
		ring->pieces[i].bytes = must_realloc(NULL, RING_PIECE_BYTES, 1);
}

void ring_destroy(struct ring *ring)
{
	for (size_t i = 0; i < RING_PIECES; i++)
		free(ring->pieces[i].bytes);
	pthread_cond_destroy(&ring->changed);
	pthread_mutex_destroy(&ring->lock);
}

struct piece *ring_fill(struct ring *ring)
{
	struct piece *piece = NULL;

	pthread_mutex_lock(&ring->lock);
	while (!ring->stopped && ring->filled - ring->emptied == RING_PIECES)
		pthread_cond_wait(&ring->changed, &ring->lock);
	if (!ring->stopped)
		piece = &ring->pieces[ring->filled % RING_PIECES];
	pthread_mutex_unlock(&ring->lock);
	return piece;
}

struct piece *ring_empty(struct ring *ring)
{
	struct piece *piece = NULL;

	pthread_mutex_lock(&ring->lock);
	while (!ring->stopped && !ring->ended && ring->filled == ring->emptied)
		pthread_cond_wait(&ring->changed, &ring->lock);
	if (!ring->stopped && ring->filled != ring->emptied)
		piece = &ring->pieces[ring->emptied % RING_PIECES];
	pthread_mutex_unlock(&ring->lock);
	return piece;
}

/* The other thread waits only where the ring was full or empty, and never both of them. */
void ring_filled(struct ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	if (ring->filled++ == ring->emptied)
		pthread_cond_signal(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

void ring_emptied(struct ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	if (ring->filled - ring->emptied++ == RING_PIECES)
		pthread_cond_signal(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

void ring_end(struct ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->ended = true;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

void ring_stop(struct ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->stopped = true;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}
