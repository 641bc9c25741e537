/* SPDX-License-Identifier: MIT */
/*
 * ext4_area — allocates blocks and inodes in disjoint parts of an ext4, one for each writer.
 *
 * What a writer is given depends on its own requests and on the division only, never on the other
 * writers. So the result has the same bytes, however many writers run at a time. An area that is
 * full is an error, also if there is free space in another one. The caller holds a lock, because
 * all areas share the bitmaps and the counters of the file system. Functions return an errcode_t:
 * 0, ENOSPC, or a code of libext2fs.
 *
 * Tested by: tests/unit/test_ext4_area.c, tests/unit/test_copy_areas.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct struct_ext2_filsys;

/* Contiguous blocks or inodes. */
struct extent_run {
	uint64_t start;
	uint64_t count;
};

struct ext4_area {
	uint64_t first_block, end_block;
	uint64_t next_block;  /* where the search for a free block begins */
	uint64_t free_blocks; /* not allocated yet */
	uint64_t
		next_inode; /* the first inode of a block of the table; it and all later ones are free */
	uint64_t end_inode;
};

/* The area of everything that is free; first_inode is the first inode of a block of the table,
 * which nothing uses, as all that follow. */
void ext4_area_open_whole(
	struct struct_ext2_filsys *fs, uint64_t first_inode, struct ext4_area *ret);

/* Divides areas[0], the whole, into count areas in the order of the disk. Each gets the blocks for
 * the bytes that will be written to it and a part of the others, but at most some times these
 * bytes, so that the data do not spread over a large disk. The last area has what is left. */
long ext4_area_divide(struct struct_ext2_filsys *fs, const uint64_t *bytes, size_t count,
	struct ext4_area *areas);

/* The blocks of the table that hold the unused inodes at the end of an area, as far as they are in
 * the group in which the next area begins. When all allocators are closed, the caller clears them:
 * the kernel takes the table of a group for initialized up to the last used inode. */
struct extent_run ext4_area_find_gap(struct struct_ext2_filsys *fs, const struct ext4_area *area);

/* Allocates a run of contiguous blocks: some MiB, or wanted if that is more. It is shorter where
 * free space ends. ENOSPC if fewer than wanted are free in the area. */
long ext4_area_take_blocks(struct struct_ext2_filsys *fs, struct ext4_area *area, uint64_t wanted,
	struct extent_run *ret);
void ext4_area_return_blocks(
	struct struct_ext2_filsys *fs, struct ext4_area *area, const struct extent_run *run);

/* Takes contiguous inodes of one group that fill whole blocks of its table. ENOSPC. */
long ext4_area_take_inodes(
	struct struct_ext2_filsys *fs, struct ext4_area *area, struct extent_run *ret);
/* Returns the last inodes of the run that was taken last; they fill whole blocks of the table. */
void ext4_area_return_inodes(struct ext4_area *area, const struct extent_run *run);
