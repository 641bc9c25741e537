/* SPDX-License-Identifier: MIT */
#include "ext4/inode.h"

#include <errno.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext3_extents.h>
#include <inttypes.h>
#include <string.h>

#include "base/units.h"

#define STORE_TIME   1 /* as Nix sets it; zero upsets some programs */
#define ROOT_EXTENTS 4 /* the capacity of i_block behind its header */

struct record {
	union {
		struct ext2_inode_large inode;
		uint8_t bytes[256];
	};
};

/* Bits 32 and 33 of a time (Linux, "Inode Timestamps"). */
static uint32_t extra_time(int64_t time_s)
{
	return (uint32_t)((time_s - (int32_t)time_s) >> 32 & 3);
}

static void begin(const struct ext4_image *image, const struct inode_content *content,
	struct ext2_inode_large *ret)
{
	ret->i_mode = content->mode;
	ret->i_links_count = content->links > EXT2_LINK_MAX ? 1 : (uint16_t)content->links;
	ret->i_size = (uint32_t)content->size_bytes;
	ret->i_size_high = (uint32_t)(content->size_bytes >> 32);
	ret->i_extra_isize = sizeof(*ret) - EXT2_GOOD_OLD_INODE_SIZE;
	ret->i_atime = STORE_TIME;
	ret->i_mtime = STORE_TIME;
	ret->i_ctime = (uint32_t)image->now_s;
	ret->i_ctime_extra = extra_time(image->now_s);
	ret->i_crtime = ret->i_ctime;
	ret->i_crtime_extra = ret->i_ctime_extra;
}

static void set_header(struct ext3_extent_header *header, size_t count, size_t max, uint16_t depth)
{
	*header = (struct ext3_extent_header){
		.eh_magic = EXT3_EXT_MAGIC,
		.eh_entries = (uint16_t)count,
		.eh_max = (uint16_t)max,
		.eh_depth = depth,
	};
}

/* Writes a leaf whose first block of the file is at; returns the block after its last. */
static uint32_t set_leaf(struct ext3_extent_header *header, const struct extent *extents,
	size_t count, size_t max, uint32_t at)
{
	struct ext3_extent *entry = (struct ext3_extent *)(header + 1);

	set_header(header, count, max, 0);
	for (size_t i = 0; i < count; i++) {
		entry[i].ee_block = at;
		entry[i].ee_len = (uint16_t)extents[i].count;
		entry[i].ee_start = (uint32_t)extents[i].start;
		entry[i].ee_start_hi = (uint16_t)(extents[i].start >> 32);
		at += extents[i].count;
	}
	return at;
}

/* Writes a block of extents, with its checksum behind the last possible one. */
static uint32_t set_leaf_block(const struct ext4_image *image, uint32_t inode, uint8_t *block,
	const struct extent *extents, size_t count, size_t max, uint32_t at)
{
	struct ext3_extent_header *header = (struct ext3_extent_header *)block;
	size_t checked_bytes = sizeof(*header) + max * sizeof(struct ext3_extent);
	uint32_t checksum;

	memset(block, 0, image->block_bytes);
	at = set_leaf(header, extents, count, max, at);
	if (image->checksums) {
		checksum = ext4_image_add_checksum(
			ext4_image_begin_checksum(image, inode), block, checked_bytes);
		memcpy(block + checked_bytes, &checksum, sizeof(checksum));
	}
	return at;
}

/* Writes extents that do not fit into the record into blocks, which the record refers to.
 * *blocks are those blocks. */
static int set_tree(struct allocator *allocator, uint32_t inode, const struct extents *extents,
	uint32_t *i_block, struct extents *blocks, struct error *err)
{
	size_t max = (allocator->image->block_bytes - sizeof(struct ext3_extent_header)) /
		     sizeof(struct ext3_extent);
	struct ext3_extent_header *header = (struct ext3_extent_header *)i_block;
	struct ext3_extent_idx *index = (struct ext3_extent_idx *)(header + 1);
	size_t done = 0, leaf = 0;
	uint32_t at = 0;

	if (extents->count > ROOT_EXTENTS * max)
		return error_set(err, -EFBIG,
			"a file lies in %zu pieces on the disk, %zu is the most", extents->count,
			ROOT_EXTENTS * max);
	for (; done < extents->count; leaf++) {
		size_t count = extents->count - done < max ? extents->count - done : max;
		uint8_t *space;
		uint64_t block;
		size_t space_bytes;
		int r = allocator_take_blocks(allocator, 1, blocks, &space, &space_bytes, err);

		if (r < 0)
			return r;
		block = blocks->list[blocks->count - 1].start +
			blocks->list[blocks->count - 1].count - 1;
		index[leaf] = (struct ext3_extent_idx){
			.ei_block = at,
			.ei_leaf = (uint32_t)block,
			.ei_leaf_hi = (uint16_t)(block >> 32),
		};
		at = set_leaf_block(
			allocator->image, inode, space, extents->list + done, count, max, at);
		done += count;
	}
	set_header(header, leaf, ROOT_EXTENTS, 1);
	return 0;
}

static int set_extents(struct allocator *allocator, uint32_t inode, const struct extents *extents,
	struct ext2_inode_large *ret, struct error *err)
{
	struct extents tree = { 0 };
	uint64_t sectors;
	int r = 0;

	ret->i_flags |= EXT4_EXTENTS_FL;
	if (extents->count <= ROOT_EXTENTS)
		set_leaf((struct ext3_extent_header *)ret->i_block, extents->list, extents->count,
			ROOT_EXTENTS, 0);
	else
		r = set_tree(allocator, inode, extents, ret->i_block, &tree, err);
	sectors = (extents->block_count + tree.block_count) *
		  (allocator->image->block_bytes / SECTOR_BYTES);
	ret->i_blocks = (uint32_t)sectors;
	ret->osd2.linux2.l_i_blocks_hi = (uint16_t)(sectors >> 32);
	extents_free(&tree);
	return r;
}

int inode_write(struct allocator *allocator, uint32_t inode, const struct inode_content *content,
	struct error *err)
{
	struct record record = { 0 };
	int r = 0;

	begin(allocator->image, content, &record.inode);
	if (content->indexed)
		record.inode.i_flags |= EXT2_INDEX_FL;
	if (content->fast_target)
		memcpy(record.inode.i_block, content->fast_target, content->size_bytes);
	else
		r = set_extents(allocator, inode, content->extents, &record.inode, err);
	if (r < 0)
		return r;
	ext4_image_seal_inode(allocator->image, inode, &record.inode);
	allocator_set_inode(allocator, inode, &record);
	return 0;
}
