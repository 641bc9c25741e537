/* SPDX-License-Identifier: MIT */
#include "store/byte_ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

void byte_ring_init(struct byte_ring *ring, size_t capacity_bytes)
{
	*ring = (struct byte_ring){
		.bytes = must_realloc(NULL, capacity_bytes, 1),
		.capacity_bytes = capacity_bytes,
	};
}

void byte_ring_free(struct byte_ring *ring)
{
	free(ring->bytes);
	*ring = (struct byte_ring){ 0 };
}

size_t byte_ring_space(const struct byte_ring *ring)
{
	return ring->capacity_bytes - (size_t)(ring->written_bytes - ring->read_bytes);
}

void byte_ring_copy(struct byte_ring *ring, const uint8_t *data, size_t size_bytes)
{
	size_t at = (size_t)(ring->written_bytes % ring->capacity_bytes);
	size_t first_bytes = ring->capacity_bytes - at < size_bytes ? ring->capacity_bytes - at
								    : size_bytes;

	memcpy(ring->bytes + at, data, first_bytes);
	memcpy(ring->bytes, data + first_bytes, size_bytes - first_bytes);
}

void byte_ring_written(struct byte_ring *ring, size_t size_bytes)
{
	ring->written_bytes += size_bytes;
}

const uint8_t *byte_ring_next(const struct byte_ring *ring, size_t *ret_size_bytes)
{
	size_t at = (size_t)(ring->read_bytes % ring->capacity_bytes);
	size_t size_bytes = (size_t)(ring->written_bytes - ring->read_bytes);

	if (size_bytes > ring->capacity_bytes - at)
		size_bytes = ring->capacity_bytes - at;
	*ret_size_bytes = size_bytes;
	return ring->bytes + at;
}

void byte_ring_read(struct byte_ring *ring, size_t size_bytes)
{
	ring->read_bytes += size_bytes;
}
