/* SPDX-License-Identifier: MIT */
#include "ext4/ext4_image.h"

#include <errno.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ext4/ext4_open.h"
#include "ext4/mkfs.h"

#define DIRECT_BYTES   4096 /* no disk has larger sectors */
#define RUN_BYTES      (8 * 1024 * 1024)
#define INODES_PER_RUN 1024
#define SHARE	       64 /* of the free blocks or inodes, the largest part of one run */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ext4 is little-endian, and so are we");

struct deferred_inode {
	uint32_t inode;
	uint8_t record[EXT2_GOOD_OLD_INODE_SIZE * 2];
};

/* -------------------------------------------------------- opening and closing */

/* Opens the device with direct I/O where that works: everything is written once, in large
 * pieces, and not read again. */
static int open_device(struct ext4_image *image, const char *path, struct error *err)
{
	bool aligned = image->block_bytes % DIRECT_BYTES == 0 &&
		       image->offset_bytes % DIRECT_BYTES == 0;

	image->fd = aligned ? open(path, O_RDWR | O_CLOEXEC | O_DIRECT) : -1;
	if (image->fd < 0)
		image->fd = open(path, O_RDWR | O_CLOEXEC);
	return image->fd < 0 ? error_errno(err, -errno, "open it") : 0;
}

/* Finds the first free inode. Inodes are allocated in ascending order, so all later ones must be
 * free. The first two are for /nix and /nix/store. */
static int find_free_inodes(struct ext4_image *image, struct error *err)
{
	const struct ext2_super_block *sb = image->fs->super;
	uint32_t per_block = image->block_bytes / image->inode_bytes;
	uint32_t free_inode = 0;
	int r = mkfs_check(ext2fs_find_first_zero_inode_bitmap2(
				   image->fs->inode_map, 1, sb->s_inodes_count, &free_inode),
		"find a free inode", err);

	if (r < 0)
		return r;
	if (sb->s_free_inodes_count != sb->s_inodes_count - (free_inode - 1))
		return error_set(err, -ENOTEMPTY, "there are files in it already");
	image->nix_inode = free_inode;
	image->store_inode = free_inode + 1;
	/* The first inode of the next block of the table, which nothing else uses. */
	image->next_inode = (free_inode + 1 + per_block - 1) / per_block * per_block + 1;
	return 0;
}

static int check_features(struct ext4_image *image, struct error *err)
{
	struct ext2_super_block *sb = image->fs->super;

	if (image->inode_bytes == sizeof(image->deferred->record) &&
		ext2fs_has_feature_extents(sb) && ext2fs_has_feature_filetype(sb) &&
		!ext2fs_has_feature_bigalloc(sb) && !ext2fs_has_feature_inline_data(sb))
		return 0;
	return error_set(err, -EINVAL, "its features are not those that are made here");
}

static int open_image(struct ext4_image *image, const char *path, size_t writers, struct error *err)
{
	int r = ext4_open_with_bitmaps(path, image->offset_bytes, &image->fs, err);

	if (r < 0)
		return r;
	image->block_bytes = image->fs->blocksize;
	image->inode_bytes = EXT2_INODE_SIZE(image->fs->super);
	image->checksums = ext2fs_has_feature_metadata_csum(image->fs->super);
	image->now_s = image->fs->now ? image->fs->now : time(NULL);
	image->next_block = image->fs->super->s_first_data_block;
	r = check_features(image, err);
	if (r < 0)
		return r;
	r = find_free_inodes(image, err);
	if (r < 0)
		return r;
	r = open_device(image, path, err);
	if (r < 0)
		return r;
	return async_writer_new(&image->writer, image->fd, writers, err);
}

int ext4_image_open(struct ext4_image *ret, const char *path, uint64_t offset_bytes, size_t writers,
	struct error *err)
{
	int r;

	initialize_ext2_error_table();
	*ret = (struct ext4_image){ .fd = -1, .offset_bytes = offset_bytes };
	pthread_mutex_init(&ret->lock, NULL);
	r = open_image(ret, path, writers, err);
	if (r < 0) {
		error_wrap(err, "ext4 file system on %s", path);
		ext4_image_drop(ret);
	}
	return r;
}

void ext4_image_drop(struct ext4_image *image)
{
	async_writer_free(&image->writer);
	if (image->fd >= 0)
		close(image->fd);
	if (image->fs)
		ext2fs_free(image->fs);
	free(image->deferred);
	pthread_mutex_destroy(&image->lock);
}

static errcode_t write_deferred_inodes(struct ext4_image *image)
{
	for (size_t i = 0; i < image->deferred_count; i++) {
		struct deferred_inode *deferred = &image->deferred[i];
		errcode_t e = ext2fs_write_inode_full(image->fs, deferred->inode,
			(struct ext2_inode *)deferred->record, sizeof(deferred->record));

		if (e)
			return e;
	}
	return 0;
}

/* Creates /nix and the entry of /nix/store; directory has written the record of the store. */
static errcode_t allocate_folders(struct ext4_image *image)
{
	ext2_filsys fs = image->fs;
	struct ext2_inode inode;
	errcode_t e = ext2fs_mkdir(fs, EXT2_ROOT_INO, image->nix_inode, "nix");

	if (e == 0)
		e = ext2fs_link(fs, image->nix_inode, "store", image->store_inode, EXT2_FT_DIR);
	if (e == 0)
		e = ext2fs_read_inode(fs, image->nix_inode, &inode);
	if (e)
		return e;
	ext2fs_inode_alloc_stats2(fs, image->store_inode, +1, 1);
	inode.i_links_count++;
	return ext2fs_write_inode(fs, image->nix_inode, &inode);
}

int ext4_image_close(struct ext4_image *image, struct error *err)
{
	int r = async_writer_drain(image->writer, err);

	if (r == 0)
		r = mkfs_check(allocate_folders(image), "make the folder /nix/store", err);

	if (r == 0)
		r = mkfs_check(write_deferred_inodes(image), "write the inodes of folders", err);
	/* New data must be on the disk before the superblock refers to it. */
	if (r == 0 && fsync(image->fd) < 0)
		r = error_errno(err, -errno, "write the store out to the disk");
	if (r == 0)
		r = mkfs_check(ext2fs_close_free(&image->fs), "write bitmaps and superblock", err);
	if (r == 0 && fsync(image->fd) < 0)
		r = error_errno(err, -errno, "write the file system out to the disk");
	ext4_image_drop(image);
	return r;
}

/* -------------------------------------------------------- blocks and inodes */

static uint64_t min_u64(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

/* Finds a free block after the last allocated one, or else from the start, where blocks were
 * returned. The lock is held. */
static errcode_t find_free_block(struct ext4_image *image, blk64_t *ret)
{
	ext2fs_block_bitmap map = image->fs->block_map;
	blk64_t first = image->fs->super->s_first_data_block;
	blk64_t last = ext2fs_blocks_count(image->fs->super) - 1;
	errcode_t e = ENOENT;

	if (image->next_block <= last)
		e = ext2fs_find_first_zero_block_bitmap2(map, image->next_block, last, ret);
	if (e == ENOENT)
		e = ext2fs_find_first_zero_block_bitmap2(map, first, last, ret);
	return e == ENOENT ? ENOSPC : e;
}

/* Allocates a run of contiguous blocks. The lock is held.
 *
 * In: wanted, the number of blocks that a file needs. A run is at least a fixed size or a small
 * share of the free blocks, whichever is less, so that small files of one writer are adjacent
 * and writers alternate rarely. Out: a run that begins at the first free block and ends at the
 * first used one; it may be shorter than wanted. ENOSPC if fewer than wanted blocks are free in
 * total. */
static errcode_t take_blocks(struct ext4_image *image, uint64_t wanted, struct extent_run *ret)
{
	ext2_filsys fs = image->fs;
	uint64_t free_blocks = ext2fs_free_blocks_count(fs->super);
	uint64_t share = min_u64(RUN_BYTES / image->block_bytes, free_blocks / SHARE);
	blk64_t first, last, taken;
	errcode_t e = wanted > free_blocks ? ENOSPC : find_free_block(image, &first);

	if (e)
		return e;
	last = min_u64(
		first + (wanted > share ? wanted : share) - 1, ext2fs_blocks_count(fs->super) - 1);
	e = ext2fs_find_first_set_block_bitmap2(fs->block_map, first, last, &taken);
	if (e != 0 && e != ENOENT)
		return e;
	*ret = (struct extent_run){ first, (e ? last + 1 : taken) - first };
	ext2fs_block_alloc_stats_range(fs, ret->start, (blk_t)ret->count, +1);
	image->next_block = ret->start + ret->count;
	return 0;
}

int ext4_image_take_blocks(
	struct ext4_image *image, uint64_t wanted, struct extent_run *ret, struct error *err)
{
	errcode_t e;

	pthread_mutex_lock(&image->lock);
	e = take_blocks(image, wanted, ret);
	pthread_mutex_unlock(&image->lock);
	return mkfs_check(e, "find space on the target", err);
}

void ext4_image_return_blocks(struct ext4_image *image, const struct extent_run *run)
{
	if (run->count == 0)
		return;
	pthread_mutex_lock(&image->lock);
	ext2fs_block_alloc_stats_range(image->fs, run->start, (blk_t)run->count, -1);
	pthread_mutex_unlock(&image->lock);
}

/* Allocates a run within one group, in whole blocks of its table. */
static errcode_t take_inodes(struct ext4_image *image, struct extent_run *ret)
{
	const struct ext2_super_block *sb = image->fs->super;
	uint32_t per_block = image->block_bytes / image->inode_bytes;
	uint64_t first = image->next_inode;
	uint64_t count = (sb->s_inodes_count + 1 - first) / SHARE / per_block * per_block;
	uint64_t left_in_group = sb->s_inodes_per_group - (first - 1) % sb->s_inodes_per_group;

	if (first > sb->s_inodes_count)
		return ENOSPC;
	count = min_u64(count < per_block ? per_block : count, INODES_PER_RUN);
	*ret = (struct extent_run){ first, min_u64(count, left_in_group) };
	image->next_inode += ret->count;
	return 0;
}

int ext4_image_take_inodes(struct ext4_image *image, struct extent_run *ret, struct error *err)
{
	errcode_t e;

	pthread_mutex_lock(&image->lock);
	e = take_inodes(image, ret);
	pthread_mutex_unlock(&image->lock);
	return mkfs_check(e, "find an inode on the target", err);
}

void ext4_image_use_inodes(
	struct ext4_image *image, const struct extent_run *run, const uint8_t *uses)
{
	pthread_mutex_lock(&image->lock);
	for (uint64_t i = 0; i < run->count; i++) {
		if (uses[i] != INODE_FREE)
			ext2fs_inode_alloc_stats2(image->fs, (ext2_ino_t)(run->start + i), +1,
				uses[i] == INODE_DIRECTORY);
	}
	pthread_mutex_unlock(&image->lock);
}

int ext4_image_write_inodes(struct ext4_image *image, const struct extent_run *run,
	const uint8_t *records, struct error *err)
{
	uint32_t per_group = image->fs->super->s_inodes_per_group;
	uint64_t index = (run->start - 1) % per_group;
	uint64_t table = ext2fs_inode_table_loc(image->fs, (dgrp_t)((run->start - 1) / per_group));
	size_t size_bytes = (size_t)run->count * image->inode_bytes;
	uint64_t at_bytes = image->offset_bytes + table * image->block_bytes +
			    index * image->inode_bytes;
	int r;

	/* The table of a group may end within a block. */
	size_bytes = (size_bytes + image->block_bytes - 1) / image->block_bytes *
		     image->block_bytes;
	r = file_write_at(image->fd, records, size_bytes, at_bytes);
	return r < 0 ? error_errno(err, r, "write inodes") : 0;
}

void ext4_image_defer_inode(struct ext4_image *image, uint32_t inode, const void *record)
{
	pthread_mutex_lock(&image->lock);
	if (image->deferred_count == image->deferred_capacity) {
		image->deferred_capacity = image->deferred_capacity ? 2 * image->deferred_capacity
								    : 64;
		image->deferred = must_realloc(
			image->deferred, image->deferred_capacity, sizeof(*image->deferred));
	}
	image->deferred[image->deferred_count].inode = inode;
	memcpy(image->deferred[image->deferred_count++].record, record,
		sizeof(image->deferred->record));
	pthread_mutex_unlock(&image->lock);
}

/* -------------------------------------------------------- checksums and hashes */

void ext4_image_seal_inode(const struct ext4_image *image, uint32_t inode, void *record)
{
	ext2fs_inode_csum_set(image->fs, inode, record);
}

uint32_t ext4_image_begin_checksum(const struct ext4_image *image, uint32_t inode)
{
	const uint32_t words[] = { inode, 0 };

	return ext4_image_add_checksum(image->fs->csum_seed, words, sizeof(words));
}

uint32_t ext4_image_add_checksum(uint32_t checksum, const void *data, size_t size_bytes)
{
	return ext2fs_crc32c_le(checksum, data, size_bytes);
}

int ext4_image_hash_name(const struct ext4_image *image, const char *name, size_t length,
	struct name_hash *ret, struct error *err)
{
	const struct ext2_super_block *sb = image->fs->super;
	int version = sb->s_def_hash_version;

	ret->version = sb->s_def_hash_version;
	if (sb->s_flags & EXT2_FLAGS_UNSIGNED_HASH && version <= EXT2_HASH_TEA)
		version += EXT2_HASH_LEGACY_UNSIGNED;
	return mkfs_check(ext2fs_dirhash2(version, name, (int)length, NULL, 0, sb->s_hash_seed,
				  &ret->major, &ret->minor),
		"hash a name", err);
}
