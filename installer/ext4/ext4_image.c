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

#define DIRECT_BYTES 4096 /* no disk has larger sectors */

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
	/* It begins with the next block of the table, which nothing else uses. */
	image->area_count = 1;
	ext4_area_open_whole(image->fs,
		(free_inode + 1 + per_block - 1) / per_block * per_block + 1, &image->areas[0]);
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

int ext4_image_divide(
	struct ext4_image *image, const uint64_t bytes[], size_t area_count, struct error *err)
{
	image->area_count = area_count;
	return mkfs_check(ext4_area_divide(image->fs, bytes, area_count, image->areas),
		"divide the free space", err);
}

/* Clears blocks; in a file they become a hole. */
static int clear_blocks(const struct ext4_image *image, const struct extent_run *run)
{
	size_t size_bytes = (size_t)run->count * image->block_bytes;
	uint64_t at_bytes = image->offset_bytes + run->start * image->block_bytes;
	AUTO_FREE uint8_t *zeros = NULL;

	if (run->count == 0 || fallocate(image->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				       (off_t)at_bytes, (off_t)size_bytes) == 0)
		return 0;
	zeros = aligned_alloc(
		DIRECT_BYTES, (size_bytes + DIRECT_BYTES - 1) / DIRECT_BYTES * DIRECT_BYTES);
	if (!zeros)
		abort();
	memset(zeros, 0, size_bytes);
	return file_write_at(image->fd, zeros, size_bytes, at_bytes);
}

int ext4_image_join(struct ext4_image *image, struct error *err)
{
	for (size_t i = 0; i + 1 < image->area_count; i++) {
		const struct extent_run gap = ext4_area_find_gap(image->fs, &image->areas[i]);
		int r = clear_blocks(image, &gap);

		if (r < 0)
			return error_errno(err, r, "clear unused inodes");
	}
	ext4_area_open_whole(
		image->fs, image->areas[image->area_count - 1].next_inode, &image->areas[0]);
	image->area_count = 1;
	return 0;
}

/* Releases the lock after an allocation. */
static int end_allocation(struct ext4_image *image, long e, const char *what, struct error *err)
{
	if (e == ENOSPC && image->area_count > 1)
		image->area_is_full = true;
	pthread_mutex_unlock(&image->lock);
	return mkfs_check(e, what, err);
}

bool ext4_image_area_is_full(struct ext4_image *image)
{
	bool is_full;

	pthread_mutex_lock(&image->lock);
	is_full = image->area_is_full;
	pthread_mutex_unlock(&image->lock);
	return is_full;
}

int ext4_image_take_blocks(struct ext4_image *image, size_t area, uint64_t wanted,
	struct extent_run *ret, struct error *err)
{
	pthread_mutex_lock(&image->lock);
	return end_allocation(image,
		ext4_area_take_blocks(image->fs, &image->areas[area], wanted, ret),
		"find space on the target", err);
}

void ext4_image_return_blocks(struct ext4_image *image, size_t area, const struct extent_run *run)
{
	if (run->count == 0)
		return;
	pthread_mutex_lock(&image->lock);
	ext4_area_return_blocks(image->fs, &image->areas[area], run);
	pthread_mutex_unlock(&image->lock);
}

int ext4_image_take_inodes(
	struct ext4_image *image, size_t area, struct extent_run *ret, struct error *err)
{
	pthread_mutex_lock(&image->lock);
	return end_allocation(image, ext4_area_take_inodes(image->fs, &image->areas[area], ret),
		"find an inode on the target", err);
}

void ext4_image_return_inodes(struct ext4_image *image, size_t area, const struct extent_run *run)
{
	pthread_mutex_lock(&image->lock);
	ext4_area_return_inodes(&image->areas[area], run);
	pthread_mutex_unlock(&image->lock);
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
