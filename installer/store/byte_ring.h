/* SPDX-License-Identifier: MIT */
/*
 * byte_ring — a buffer of fixed size for the bytes between one writer and one reader.
 *
 * Pure. It has no lock. Writer and reader may copy bytes at the same time; the caller locks the
 * functions that count: byte_ring_space, byte_ring_written, byte_ring_next and byte_ring_read.
 *
 * Tested by: tests/unit/test_byte_ring.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct byte_ring {
	uint8_t *bytes;
	size_t capacity_bytes;
	uint64_t written_bytes, read_bytes; /* in total */
};

void byte_ring_init(struct byte_ring *ring, size_t capacity_bytes);
void byte_ring_free(struct byte_ring *ring);

/* How many bytes can be written. */
size_t byte_ring_space(const struct byte_ring *ring);

/* Copies bytes into free space; the reader sees them when byte_ring_written has counted them. */
void byte_ring_copy(struct byte_ring *ring, const uint8_t *data, size_t size_bytes);
void byte_ring_written(struct byte_ring *ring, size_t size_bytes);

/* The next bytes to read, and how many of them are in one piece: 0 if there are none. */
const uint8_t *byte_ring_next(const struct byte_ring *ring, size_t *ret_size_bytes);

/* Frees the space of bytes that were read. */
void byte_ring_read(struct byte_ring *ring, size_t size_bytes);
