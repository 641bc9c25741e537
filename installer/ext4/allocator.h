/* SPDX-License-Identifier: MIT */
/*
 * allocator — hands out blocks and inodes of an ext4 image to one writing thread.
 *
 * Each thread has an allocator with an area of its own, and in it a contiguous range of free blocks
 * and one of free inodes. So it writes contiguously and in large pieces. The caller keeps the
 * blocks of a file (struct extents).
 *
 * Tested by: tests/unit/test_unpack.c, tests/unit/test_copy_areas.c, tests/loop/store.sh.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ext4/ext4_image.h"

/* The blocks of one file in order; adjacent ones are merged. */
struct extents {
	struct extent {
		uint64_t start;
		uint32_t count; /* at most EXTENT_BLOCKS_MAX */
	} * list;
	size_t count, capacity;
	uint64_t block_count; /* of all */
};
#define EXTENT_BLOCKS_MAX 32768 /* in an initialized extent */

struct allocator {
	struct ext4_image *image;
	size_t area;
	struct extent_run blocks; /* free blocks of this thread */
	uint8_t *buffer;	  /* being filled; NULL if none */
	uint64_t buffer_block;	  /* where it will be written */
	size_t buffer_bytes;	  /* used part of it */
	struct extent_run inodes;
	uint64_t inodes_used;
	uint8_t *inode_records; /* of this run, in the format of the inode table */
	uint8_t *inode_uses;
};

/* One allocator at a time may be open in an area. */
void allocator_open(struct allocator *ret, struct ext4_image *image, size_t area);

/* Submits what was filled to be written and returns unused blocks and inodes to the area. */
int allocator_close(struct allocator *allocator, struct error *err) WARN_UNUSED;

/* Frees memory only, for an image that is dropped. Has no effect after allocator_close. */
void allocator_drop(struct allocator *allocator);

/* Allocates contiguous blocks and adds them to the file's extents. wanted is the number of
 * blocks that the file still needs; at least one and at most wanted are allocated. The caller
 * must fill *ret_space before it calls the allocator again. -ENOSPC, or an error of an earlier
 * write. */
int allocator_take_blocks(struct allocator *allocator, uint64_t wanted, struct extents *extents,
	uint8_t **ret_space, size_t *ret_bytes, struct error *err) WARN_UNUSED;

/* Allocates an inode, and sets its record; other inodes may be allocated in between. */
int allocator_take_inode(struct allocator *allocator, enum inode_use use, uint32_t *ret_inode,
	struct error *err) WARN_UNUSED;
void allocator_set_inode(struct allocator *allocator, uint32_t inode, const void *record);

/* Empties the list for the next file. */
void extents_clear(struct extents *extents);
void extents_free(struct extents *extents);
