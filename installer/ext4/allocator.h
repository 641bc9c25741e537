/* SPDX-License-Identifier: MIT */
/*
 * allocator — what one thread writes into a volume: blocks in a row, and inodes in a row.
 *
 * Each thread has a stream, and with it a run of blocks and one of inodes for itself, so that what
 * it makes lies together on the disk and goes there in large pieces. Which file a block belongs to
 * is known by whoever took it (struct extents).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ext4/ext4_image.h"

/* Blocks of one file in their order, as few pieces as the disk has. */
struct extents {
	struct extent {
		uint64_t start;
		uint32_t count; /* at most EXTENT_BLOCKS_MAX */
	} * list;
	size_t count, room;
	uint64_t block_count; /* of all */
};
#define EXTENT_BLOCKS_MAX 32768 /* of an extent that has been written */

struct allocator {
	struct ext4_image *image;
	struct extent_run blocks; /* not used yet */
	uint8_t *buffer;	  /* being filled, NULL for none */
	uint64_t buffer_block;	  /* where it goes */
	size_t buffer_bytes;	  /* so much of it is used */
	struct extent_run inodes;
	uint64_t inodes_used;
	uint8_t *inode_records; /* of this run, as the table has them */
	uint8_t *inode_uses;
};

void allocator_open(struct allocator *ret, struct ext4_image *image);

/* Gives everything to the volume: what is written to be written, what is not used to be free. */
int allocator_close(struct allocator *stream, struct error *err) WARN_UNUSED;

/* Gives back memory only: for a volume that is dropped. Nothing is done after allocator_close. */
void allocator_drop(struct allocator *stream);

/* Room for whole blocks, one after the other on the disk, to be filled before the stream is used
 * again. `wanted` is what the file still needs: some of it is given, and entered into the file's
 * extents. */
int allocator_take_blocks(struct allocator *stream, uint64_t wanted, struct extents *extents,
	uint8_t **ret_room, size_t *ret_bytes, struct error *err) WARN_UNUSED;

/* A free inode, and what will be in it. Between them other inodes may be taken. */
int allocator_take_inode(struct allocator *stream, enum inode_use use, uint32_t *ret_inode,
	struct error *err) WARN_UNUSED;
void allocator_set_inode(struct allocator *stream, uint32_t inode, const void *record);

/* Empty, ready for the next file. */
void extents_clear(struct extents *extents);
void extents_free(struct extents *extents);
