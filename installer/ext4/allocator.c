/* SPDX-License-Identifier: MIT */
#include "ext4/allocator.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define ALIGNMENT 4096

void allocator_open(struct allocator *ret, struct ext4_image *image, size_t area)
{
	*ret = (struct allocator){ .image = image, .area = area };
}

/* -------------------------------------------------------- blocks */

static void add_extent(struct extents *extents, uint64_t start, uint64_t count)
{
	struct extent *last = extents->count ? &extents->list[extents->count - 1] : NULL;

	extents->block_count += count;
	if (last && last->start + last->count == start &&
		last->count + count <= EXTENT_BLOCKS_MAX) {
		last->count += (uint32_t)count;
		return;
	}
	if (extents->count == extents->capacity) {
		extents->capacity = extents->capacity ? 2 * extents->capacity : 16;
		extents->list = must_realloc(
			extents->list, extents->capacity, sizeof(*extents->list));
	}
	extents->list[extents->count++] = (struct extent){ start, (uint32_t)count };
}

void extents_clear(struct extents *extents)
{
	extents->count = 0;
	extents->block_count = 0;
}

void extents_free(struct extents *extents)
{
	free(extents->list);
	*extents = (struct extents){ 0 };
}

static void submit_buffer(struct allocator *allocator)
{
	const struct ext4_image *image = allocator->image;

	if (!allocator->buffer)
		return;
	async_writer_give(image->writer, allocator->buffer,
		image->offset_bytes + allocator->buffer_block * image->block_bytes,
		allocator->buffer_bytes);
	allocator->buffer = NULL;
}

/* Makes sure that the buffer has space and continues at the next block. */
static int ensure_buffer(struct allocator *allocator, struct error *err)
{
	uint64_t end = allocator->buffer_block +
		       allocator->buffer_bytes / allocator->image->block_bytes;
	int r;

	if (allocator->buffer && end == allocator->blocks.start &&
		allocator->buffer_bytes < WRITER_BUFFER_BYTES)
		return 0;
	submit_buffer(allocator);
	r = async_writer_take(allocator->image->writer, &allocator->buffer, err);
	allocator->buffer_block = allocator->blocks.start;
	allocator->buffer_bytes = 0;
	return r;
}

/* Blocks come from the thread's run, or from a new run if that is used up. The space is in the
 * current buffer; a buffer that is full, or that the next block does not continue, is submitted
 * to be written. So a file gets several extents only where a run or the free space ends. */
int allocator_take_blocks(struct allocator *allocator, uint64_t wanted, struct extents *extents,
	uint8_t **ret_space, size_t *ret_bytes, struct error *err)
{
	uint32_t block_bytes = allocator->image->block_bytes;
	uint64_t count;
	int r = 0;

	if (allocator->blocks.count == 0)
		r = ext4_image_take_blocks(
			allocator->image, allocator->area, wanted, &allocator->blocks, err);
	if (r < 0)
		return r;
	r = ensure_buffer(allocator, err);
	if (r < 0)
		return r;
	count = (WRITER_BUFFER_BYTES - allocator->buffer_bytes) / block_bytes;
	if (count > wanted)
		count = wanted;
	if (count > allocator->blocks.count)
		count = allocator->blocks.count;
	add_extent(extents, allocator->blocks.start, count);
	*ret_space = allocator->buffer + allocator->buffer_bytes;
	*ret_bytes = (size_t)count * block_bytes;
	allocator->buffer_bytes += *ret_bytes;
	allocator->blocks.start += count;
	allocator->blocks.count -= count;
	return 0;
}

/* -------------------------------------------------------- inodes */

static void drop_inodes(struct allocator *allocator)
{
	free(allocator->inode_records);
	free(allocator->inode_uses);
	allocator->inode_records = NULL;
	allocator->inode_uses = NULL;
	allocator->inodes = (struct extent_run){ 0 };
	allocator->inodes_used = 0;
}

/* Returns the blocks of the table that have no used inode. */
static void return_inodes(struct allocator *allocator)
{
	uint64_t per_block = allocator->image->block_bytes / allocator->image->inode_bytes;
	uint64_t kept = (allocator->inodes_used + per_block - 1) / per_block * per_block;
	const struct extent_run unused = { allocator->inodes.start + kept,
		allocator->inodes.count - kept };

	if (kept >= allocator->inodes.count)
		return;
	ext4_image_return_inodes(allocator->image, allocator->area, &unused);
	allocator->inodes.count = kept;
}

/* Writes all of the run, also unused inodes: the table may hold old bytes. */
static int write_inodes(struct allocator *allocator, struct error *err)
{
	int r;

	if (allocator->inodes.count == 0)
		return 0;
	ext4_image_use_inodes(allocator->image, &allocator->inodes, allocator->inode_uses);
	r = ext4_image_write_inodes(
		allocator->image, &allocator->inodes, allocator->inode_records, err);
	drop_inodes(allocator);
	return r;
}

static int ensure_inodes(struct allocator *allocator, struct error *err)
{
	const struct ext4_image *image = allocator->image;
	size_t size_bytes;
	int r;

	if (allocator->inodes_used < allocator->inodes.count)
		return 0;
	r = write_inodes(allocator, err);
	if (r < 0)
		return r;
	r = ext4_image_take_inodes(allocator->image, allocator->area, &allocator->inodes, err);
	if (r < 0)
		return r;
	size_bytes = (size_t)allocator->inodes.count * image->inode_bytes + image->block_bytes;
	size_bytes = size_bytes / ALIGNMENT * ALIGNMENT + ALIGNMENT;
	allocator->inode_records = aligned_alloc(ALIGNMENT, size_bytes);
	allocator->inode_uses = must_realloc(NULL, (size_t)allocator->inodes.count, 1);
	if (!allocator->inode_records)
		abort();
	memset(allocator->inode_records, 0, size_bytes);
	memset(allocator->inode_uses, INODE_FREE, (size_t)allocator->inodes.count);
	return 0;
}

int allocator_take_inode(
	struct allocator *allocator, enum inode_use use, uint32_t *ret_inode, struct error *err)
{
	int r = ensure_inodes(allocator, err);

	if (r < 0)
		return r;
	allocator->inode_uses[allocator->inodes_used] = (uint8_t)use;
	*ret_inode = (uint32_t)(allocator->inodes.start + allocator->inodes_used++);
	return 0;
}

void allocator_set_inode(struct allocator *allocator, uint32_t inode, const void *record)
{
	uint64_t index = inode - allocator->inodes.start;
	size_t size_bytes = allocator->image->inode_bytes;

	if (inode >= allocator->inodes.start && index < allocator->inodes.count)
		memcpy(allocator->inode_records + index * size_bytes, record, size_bytes);
	else
		ext4_image_defer_inode(allocator->image, inode, record);
}

/* -------------------------------------------------------- the end */

int allocator_close(struct allocator *allocator, struct error *err)
{
	int r;

	return_inodes(allocator);
	r = write_inodes(allocator, err);
	submit_buffer(allocator);
	ext4_image_return_blocks(allocator->image, allocator->area, &allocator->blocks);
	allocator->blocks = (struct extent_run){ 0 };
	return r;
}

void allocator_drop(struct allocator *allocator)
{
	allocator->buffer_bytes = 0;
	if (allocator->image)
		submit_buffer(allocator);
	drop_inodes(allocator);
}
