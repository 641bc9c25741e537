/* SPDX-License-Identifier: MIT */
#include "ext4/ext4_area.h"

#include <errno.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

#define RUN_BYTES      (8 * 1024 * 1024)
#define INODES_PER_RUN 1024
#define SPREAD	       4		  /* an area has at most this many times the bytes for it */
#define SPREAD_BYTES   (16 * 1024 * 1024) /* and this */
#define FRACTION_BITS  16

static uint64_t min_u64(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

/* part of whole of amount, rounded down; amount is below 2^48. */
static uint64_t proportion(uint64_t amount, uint64_t part, uint64_t whole)
{
	while (whole >> (64 - FRACTION_BITS - 1)) {
		whole >>= 1;
		part >>= 1;
	}
	return whole ? amount * ((part << FRACTION_BITS) / whole) >> FRACTION_BITS : 0;
}

void ext4_area_open_whole(ext2_filsys fs, uint64_t first_inode, struct ext4_area *ret)
{
	*ret = (struct ext4_area){
		.first_block = fs->super->s_first_data_block,
		.end_block = ext2fs_blocks_count(fs->super),
		.next_block = fs->super->s_first_data_block,
		.free_blocks = ext2fs_free_blocks_count(fs->super),
		.next_inode = first_inode,
		.end_inode = (uint64_t)fs->super->s_inodes_count + 1,
	};
}

/* -------------------------------------------------------- division */

/* Finds the free blocks in [at, end): the first, and the one after the last contiguous one. */
static errcode_t find_free_blocks(
	ext2_filsys fs, blk64_t at, blk64_t end, blk64_t *ret, blk64_t *ret_end)
{
	errcode_t e = at < end ? ext2fs_find_first_zero_block_bitmap2(
					 fs->block_map, at, end - 1, ret)
			       : ENOENT;

	if (e)
		return e;
	e = ext2fs_find_first_set_block_bitmap2(fs->block_map, *ret, end - 1, ret_end);
	if (e == ENOENT)
		*ret_end = end;
	return e == ENOENT ? 0 : e;
}

/* Ends an area behind this many free blocks of it. */
static errcode_t end_area(ext2_filsys fs, uint64_t blocks, struct ext4_area *area)
{
	blk64_t end = area->first_block, start, run_end;

	area->free_blocks = blocks;
	while (blocks > 0) {
		errcode_t e = find_free_blocks(fs, end, area->end_block, &start, &run_end);

		if (e)
			return e;
		end = min_u64(run_end, start + blocks);
		blocks -= end - start;
	}
	area->end_block = end;
	return 0;
}

/* The first inode of the area that begins at this block: as many are before it in proportion. It is
 * the first one of a block of the table. */
static uint64_t first_inode_at(ext2_filsys fs, const struct ext4_area *whole, uint64_t block)
{
	uint64_t inode = whole->next_inode +
			 proportion(whole->end_inode - whole->next_inode, block, whole->end_block);
	uint64_t index = (inode - 1) % fs->super->s_inodes_per_group;

	return inode - index % EXT2_INODES_PER_BLOCK(fs->super);
}

/* The blocks of an area. Small files need more blocks than they have bytes, and any group may have
 * them. So what the bytes leave free is shared equally. */
static uint64_t share_of(
	ext2_filsys fs, uint64_t free_blocks, uint64_t bytes, uint64_t total_bytes, size_t count)
{
	uint64_t limit = (bytes * SPREAD + SPREAD_BYTES) / fs->blocksize;
	uint64_t total_blocks = total_bytes / fs->blocksize;

	if (total_blocks > free_blocks)
		return min_u64(limit, proportion(free_blocks, bytes, total_bytes));
	return min_u64(limit, bytes / fs->blocksize + (free_blocks - total_blocks) / count);
}

long ext4_area_divide(ext2_filsys fs, const uint64_t *bytes, size_t count, struct ext4_area *areas)
{
	const struct ext4_area whole = areas[0];
	uint64_t total_bytes = 0, blocks = whole.free_blocks;

	for (size_t i = 0; i < count; i++)
		total_bytes += bytes[i];
	for (size_t i = 0; i + 1 < count; i++) {
		uint64_t share = share_of(fs, whole.free_blocks, bytes[i], total_bytes, count);
		errcode_t e = end_area(fs, share, &areas[i]);

		if (e)
			return e;
		areas[i].end_inode = first_inode_at(fs, &whole, areas[i].end_block);
		blocks -= areas[i].free_blocks;
		areas[i + 1] = (struct ext4_area){
			.first_block = areas[i].end_block,
			.next_block = areas[i].end_block,
			.end_block = whole.end_block,
			.free_blocks = blocks,
			.next_inode = areas[i].end_inode,
			.end_inode = whole.end_inode,
		};
	}
	return 0;
}

struct extent_run ext4_area_find_gap(ext2_filsys fs, const struct ext4_area *area)
{
	uint32_t per_group = fs->super->s_inodes_per_group;
	uint32_t per_block = EXT2_INODES_PER_BLOCK(fs->super);
	uint64_t index = (area->end_inode - 1) % per_group;
	uint64_t unused = area->end_inode - area->next_inode;
	dgrp_t group = (dgrp_t)((area->end_inode - 1) / per_group);
	uint64_t count = min_u64(unused, index);

	if (count == 0 || area->end_inode > fs->super->s_inodes_count)
		return (struct extent_run){ 0 };
	return (struct extent_run){
		ext2fs_inode_table_loc(fs, group) + (index - count) / per_block,
		(count + per_block - 1) / per_block,
	};
}

/* -------------------------------------------------------- blocks */

/* Finds free blocks behind the last allocated ones, or else from the start, where blocks were
 * returned. */
static errcode_t find_next_blocks(
	ext2_filsys fs, const struct ext4_area *area, blk64_t *ret, blk64_t *ret_end)
{
	errcode_t e = find_free_blocks(fs, area->next_block, area->end_block, ret, ret_end);

	if (e == ENOENT)
		e = find_free_blocks(fs, area->first_block, area->end_block, ret, ret_end);
	return e == ENOENT ? ENOSPC : e;
}

long ext4_area_take_blocks(
	ext2_filsys fs, struct ext4_area *area, uint64_t wanted, struct extent_run *ret)
{
	uint64_t run_blocks = RUN_BYTES / fs->blocksize;
	blk64_t first, end;
	errcode_t e = wanted > area->free_blocks ? ENOSPC
						 : find_next_blocks(fs, area, &first, &end);

	if (e)
		return e;
	end = min_u64(end, first + (wanted > run_blocks ? wanted : run_blocks));
	*ret = (struct extent_run){ first, end - first };
	ext2fs_block_alloc_stats_range(fs, first, (blk_t)ret->count, +1);
	area->next_block = end;
	area->free_blocks -= ret->count;
	return 0;
}

void ext4_area_return_blocks(ext2_filsys fs, struct ext4_area *area, const struct extent_run *run)
{
	ext2fs_block_alloc_stats_range(fs, run->start, (blk_t)run->count, -1);
	area->free_blocks += run->count;
}

/* -------------------------------------------------------- inodes */

long ext4_area_take_inodes(ext2_filsys fs, struct ext4_area *area, struct extent_run *ret)
{
	uint32_t per_group = fs->super->s_inodes_per_group;
	uint64_t left_in_group = per_group - (area->next_inode - 1) % per_group;
	uint64_t count = min_u64(INODES_PER_RUN, left_in_group);

	if (area->next_inode >= area->end_inode)
		return ENOSPC;
	*ret = (struct extent_run){ area->next_inode,
		min_u64(count, area->end_inode - area->next_inode) };
	area->next_inode += ret->count;
	return 0;
}

void ext4_area_return_inodes(struct ext4_area *area, const struct extent_run *run)
{
	area->next_inode = run->start;
}
