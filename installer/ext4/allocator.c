/* SPDX-License-Identifier: MIT */
#include "ext4/allocator.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define ALIGNMENT 4096

void allocator_open(struct allocator *ret, struct ext4_image *image)
{
	*ret = (struct allocator){ .image = image };
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
	if (extents->count == extents->room) {
		extents->room = extents->room ? 2 * extents->room : 16;
		extents->list = must_realloc(extents->list, extents->room, sizeof(*extents->list));
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

static void give_buffer(struct allocator *stream)
{
	const struct ext4_image *image = stream->image;

	if (!stream->buffer)
		return;
	async_writer_give(image->writer, stream->buffer,
		image->offset_bytes + stream->buffer_block * image->block_bytes,
		stream->buffer_bytes);
	stream->buffer = NULL;
}

/* A buffer with room in it, for what begins at the next block. */
static int have_buffer(struct allocator *stream, struct error *err)
{
	uint64_t end = stream->buffer_block + stream->buffer_bytes / stream->image->block_bytes;
	int r;

	if (stream->buffer && end == stream->blocks.start &&
		stream->buffer_bytes < WRITER_BUFFER_BYTES)
		return 0;
	give_buffer(stream);
	r = async_writer_take(stream->image->writer, &stream->buffer, err);
	stream->buffer_block = stream->blocks.start;
	stream->buffer_bytes = 0;
	return r;
}

int allocator_take_blocks(struct allocator *stream, uint64_t wanted, struct extents *extents,
	uint8_t **ret_room, size_t *ret_bytes, struct error *err)
{
	uint32_t block_bytes = stream->image->block_bytes;
	uint64_t count;
	int r = 0;

	if (stream->blocks.count == 0)
		r = ext4_image_take_blocks(stream->image, wanted, &stream->blocks, err);
	if (r == 0)
		r = have_buffer(stream, err);
	if (r < 0)
		return r;
	count = (WRITER_BUFFER_BYTES - stream->buffer_bytes) / block_bytes;
	if (count > wanted)
		count = wanted;
	if (count > stream->blocks.count)
		count = stream->blocks.count;
	add_extent(extents, stream->blocks.start, count);
	*ret_room = stream->buffer + stream->buffer_bytes;
	*ret_bytes = (size_t)count * block_bytes;
	stream->buffer_bytes += *ret_bytes;
	stream->blocks.start += count;
	stream->blocks.count -= count;
	return 0;
}

/* -------------------------------------------------------- inodes */

static void drop_inodes(struct allocator *stream)
{
	free(stream->inode_records);
	free(stream->inode_uses);
	stream->inode_records = NULL;
	stream->inode_uses = NULL;
	stream->inodes = (struct extent_run){ 0 };
	stream->inodes_used = 0;
}

/* The whole run is written, also what is not used: the table may hold old bytes there. */
static int write_inodes(struct allocator *stream, struct error *err)
{
	int r;

	if (stream->inodes.count == 0)
		return 0;
	ext4_image_use_inodes(stream->image, &stream->inodes, stream->inode_uses);
	r = ext4_image_write_inodes(stream->image, &stream->inodes, stream->inode_records, err);
	drop_inodes(stream);
	return r;
}

static int have_inodes(struct allocator *stream, struct error *err)
{
	const struct ext4_image *image = stream->image;
	size_t size_bytes;
	int r;

	if (stream->inodes_used < stream->inodes.count)
		return 0;
	r = write_inodes(stream, err);
	if (r == 0)
		r = ext4_image_take_inodes(stream->image, &stream->inodes, err);
	if (r < 0)
		return r;
	size_bytes = (size_t)stream->inodes.count * image->inode_bytes + image->block_bytes;
	size_bytes = size_bytes / ALIGNMENT * ALIGNMENT + ALIGNMENT;
	stream->inode_records = aligned_alloc(ALIGNMENT, size_bytes);
	stream->inode_uses = must_realloc(NULL, (size_t)stream->inodes.count, 1);
	if (!stream->inode_records)
		abort();
	memset(stream->inode_records, 0, size_bytes);
	memset(stream->inode_uses, INODE_FREE, (size_t)stream->inodes.count);
	return 0;
}

int allocator_take_inode(
	struct allocator *stream, enum inode_use use, uint32_t *ret_inode, struct error *err)
{
	int r = have_inodes(stream, err);

	if (r < 0)
		return r;
	stream->inode_uses[stream->inodes_used] = (uint8_t)use;
	*ret_inode = (uint32_t)(stream->inodes.start + stream->inodes_used++);
	return 0;
}

void allocator_set_inode(struct allocator *stream, uint32_t inode, const void *record)
{
	uint64_t index = inode - stream->inodes.start;
	size_t size_bytes = stream->image->inode_bytes;

	if (inode >= stream->inodes.start && index < stream->inodes.count)
		memcpy(stream->inode_records + index * size_bytes, record, size_bytes);
	else
		ext4_image_add_late_inode(stream->image, inode, record);
}

/* -------------------------------------------------------- the end */

int allocator_close(struct allocator *stream, struct error *err)
{
	int r = write_inodes(stream, err);

	give_buffer(stream);
	ext4_image_return_blocks(stream->image, &stream->blocks);
	stream->blocks = (struct extent_run){ 0 };
	return r;
}

void allocator_drop(struct allocator *stream)
{
	stream->buffer_bytes = 0;
	if (stream->image)
		give_buffer(stream);
	drop_inodes(stream);
}
