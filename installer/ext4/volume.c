/* SPDX-License-Identifier: MIT */
#include "ext4/volume.h"

#include <errno.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ext4/ext4.h"

#define DIRECT_BYTES   4096 /* no disk has larger sectors */
#define RUN_BYTES      (8 * 1024 * 1024)
#define INODES_PER_RUN 1024
#define SHARE	       64 /* nobody holds more than such a part of what is free */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ext4 is little-endian, and so are we");

struct late_inode {
	uint32_t inode;
	uint8_t record[EXT2_GOOD_OLD_INODE_SIZE * 2];
};

/* -------------------------------------------------------- opening and closing */

static int open_file_system(struct volume *volume, const char *path, struct error *err)
{
	char option[64];
	int r;

	snprintf(option, sizeof(option), "offset=%" PRIu64, volume->offset_bytes);
	r = ext4_check(ext2fs_open2(path, option, EXT2_FLAG_RW | EXT2_FLAG_64BITS, 0, 0,
			       unix_io_manager, &volume->fs),
		"read its superblock", err);
	if (r == 0)
		r = ext4_check(ext2fs_read_bitmaps(volume->fs), "read its bitmaps", err);
	return r;
}

/* Past the page cache where that works: everything is written once, in large pieces, and read by
 * nobody. */
static int open_device(struct volume *volume, const char *path, struct error *err)
{
	bool aligned = volume->block_bytes % DIRECT_BYTES == 0 &&
		       volume->offset_bytes % DIRECT_BYTES == 0;

	volume->fd = aligned ? open(path, O_RDWR | O_CLOEXEC | O_DIRECT) : -1;
	if (volume->fd < 0)
		volume->fd = open(path, O_RDWR | O_CLOEXEC);
	return volume->fd < 0 ? error_errno(err, -errno, "open it") : 0;
}

/* Inodes are handed out by counting: all behind the first free one have to be free. The first two
 * go to /nix and /nix/store. */
static int find_free_inodes(struct volume *volume, struct error *err)
{
	const struct ext2_super_block *sb = volume->fs->super;
	uint32_t per_block = volume->block_bytes / volume->inode_bytes;
	uint32_t free_inode = 0;
	int r = ext4_check(ext2fs_find_first_zero_inode_bitmap2(
				   volume->fs->inode_map, 1, sb->s_inodes_count, &free_inode),
		"find a free inode", err);

	if (r < 0)
		return r;
	if (sb->s_free_inodes_count != sb->s_inodes_count - (free_inode - 1))
		return error_set(err, -ENOTEMPTY, "there are files in it already");
	volume->nix_inode = free_inode;
	volume->store_inode = free_inode + 1;
	/* The next that begins a block of the table, which then is nobody else's. */
	volume->next_inode = (free_inode + 1 + per_block - 1) / per_block * per_block + 1;
	return 0;
}

static int check_features(struct volume *volume, struct error *err)
{
	struct ext2_super_block *sb = volume->fs->super;

	if (volume->inode_bytes == sizeof(volume->late->record) && ext2fs_has_feature_extents(sb) &&
		ext2fs_has_feature_filetype(sb) && !ext2fs_has_feature_bigalloc(sb) &&
		!ext2fs_has_feature_inline_data(sb))
		return 0;
	return error_set(err, -EINVAL, "its features are not those that are made here");
}

static int open_volume(struct volume *volume, const char *path, size_t makers, struct error *err)
{
	int r = open_file_system(volume, path, err);

	if (r < 0)
		return r;
	volume->block_bytes = volume->fs->blocksize;
	volume->inode_bytes = EXT2_INODE_SIZE(volume->fs->super);
	volume->checksums = ext2fs_has_feature_metadata_csum(volume->fs->super);
	volume->now_s = volume->fs->now ? volume->fs->now : time(NULL);
	volume->next_block = volume->fs->super->s_first_data_block;
	r = check_features(volume, err);
	if (r == 0)
		r = find_free_inodes(volume, err);
	if (r == 0)
		r = open_device(volume, path, err);
	return r < 0 ? r : writer_new(&volume->writer, volume->fd, makers, err);
}

int volume_open(struct volume *ret, const char *path, uint64_t offset_bytes, size_t makers,
	struct error *err)
{
	int r;

	initialize_ext2_error_table();
	*ret = (struct volume){ .fd = -1, .offset_bytes = offset_bytes };
	pthread_mutex_init(&ret->lock, NULL);
	r = open_volume(ret, path, makers, err);
	if (r < 0) {
		error_wrap(err, "ext4 file system on %s", path);
		volume_drop(ret);
	}
	return r;
}

void volume_drop(struct volume *volume)
{
	writer_free(&volume->writer);
	if (volume->fd >= 0)
		close(volume->fd);
	if (volume->fs)
		ext2fs_free(volume->fs);
	free(volume->late);
	pthread_mutex_destroy(&volume->lock);
}

static errcode_t write_late_inodes(struct volume *volume)
{
	for (size_t i = 0; i < volume->late_count; i++) {
		struct late_inode *late = &volume->late[i];
		errcode_t e = ext2fs_write_inode_full(volume->fs, late->inode,
			(struct ext2_inode *)late->record, sizeof(late->record));

		if (e)
			return e;
	}
	return 0;
}

/* The store's record is written by whoever knows its entries. */
static errcode_t make_folders(struct volume *volume)
{
	ext2_filsys fs = volume->fs;
	struct ext2_inode inode;
	errcode_t e = ext2fs_mkdir(fs, EXT2_ROOT_INO, volume->nix_inode, "nix");

	if (e == 0)
		e = ext2fs_link(fs, volume->nix_inode, "store", volume->store_inode, EXT2_FT_DIR);
	if (e == 0)
		e = ext2fs_read_inode(fs, volume->nix_inode, &inode);
	if (e)
		return e;
	ext2fs_inode_alloc_stats2(fs, volume->store_inode, +1, 1);
	inode.i_links_count++;
	return ext2fs_write_inode(fs, volume->nix_inode, &inode);
}

int volume_close(struct volume *volume, struct error *err)
{
	int r = writer_drain(volume->writer, err);

	if (r == 0)
		r = ext4_check(make_folders(volume), "make the folder /nix/store", err);

	if (r == 0)
		r = ext4_check(write_late_inodes(volume), "write the inodes of folders", err);
	/* Before the superblock says so, all that is new has to be there. */
	if (r == 0 && fsync(volume->fd) < 0)
		r = error_errno(err, -errno, "write the store out to the disk");
	if (r == 0)
		r = ext4_check(ext2fs_close_free(&volume->fs), "write bitmaps and superblock", err);
	if (r == 0 && fsync(volume->fd) < 0)
		r = error_errno(err, -errno, "write the file system out to the disk");
	volume_drop(volume);
	return r;
}

/* -------------------------------------------------------- blocks and inodes */

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

/* With the lock held: where free blocks begin, from the last one handed out on, then from the start
 * for those that were given back. */
static errcode_t find_free_block(struct volume *volume, blk64_t *ret)
{
	ext2fs_block_bitmap map = volume->fs->block_map;
	blk64_t first = volume->fs->super->s_first_data_block;
	blk64_t last = ext2fs_blocks_count(volume->fs->super) - 1;
	errcode_t e = ENOENT;

	if (volume->next_block <= last)
		e = ext2fs_find_first_zero_block_bitmap2(map, volume->next_block, last, ret);
	if (e == ENOENT)
		e = ext2fs_find_first_zero_block_bitmap2(map, first, last, ret);
	return e == ENOENT ? ENOSPC : e;
}

static errcode_t take_blocks(struct volume *volume, uint64_t wanted, struct run *ret)
{
	ext2_filsys fs = volume->fs;
	uint64_t free_blocks = ext2fs_free_blocks_count(fs->super);
	uint64_t share = at_most(RUN_BYTES / volume->block_bytes, free_blocks / SHARE);
	blk64_t first, last, taken;
	errcode_t e = wanted > free_blocks ? ENOSPC : find_free_block(volume, &first);

	if (e)
		return e;
	last = at_most(
		first + (wanted > share ? wanted : share) - 1, ext2fs_blocks_count(fs->super) - 1);
	e = ext2fs_find_first_set_block_bitmap2(fs->block_map, first, last, &taken);
	if (e != 0 && e != ENOENT)
		return e;
	*ret = (struct run){ first, (e ? last + 1 : taken) - first };
	ext2fs_block_alloc_stats_range(fs, ret->start, (blk_t)ret->count, +1);
	volume->next_block = ret->start + ret->count;
	return 0;
}

int volume_take_blocks(struct volume *volume, uint64_t wanted, struct run *ret, struct error *err)
{
	errcode_t e;

	pthread_mutex_lock(&volume->lock);
	e = take_blocks(volume, wanted, ret);
	pthread_mutex_unlock(&volume->lock);
	return ext4_check(e, "find room on the target", err);
}

void volume_return_blocks(struct volume *volume, const struct run *run)
{
	if (run->count == 0)
		return;
	pthread_mutex_lock(&volume->lock);
	ext2fs_block_alloc_stats_range(volume->fs, run->start, (blk_t)run->count, -1);
	pthread_mutex_unlock(&volume->lock);
}

/* A run stays in one group, and in whole blocks of its table. */
static errcode_t take_inodes(struct volume *volume, struct run *ret)
{
	const struct ext2_super_block *sb = volume->fs->super;
	uint32_t per_block = volume->block_bytes / volume->inode_bytes;
	uint64_t first = volume->next_inode;
	uint64_t count = (sb->s_inodes_count + 1 - first) / SHARE / per_block * per_block;
	uint64_t left_in_group = sb->s_inodes_per_group - (first - 1) % sb->s_inodes_per_group;

	if (first > sb->s_inodes_count)
		return ENOSPC;
	count = at_most(count < per_block ? per_block : count, INODES_PER_RUN);
	*ret = (struct run){ first, at_most(count, left_in_group) };
	volume->next_inode += ret->count;
	return 0;
}

int volume_take_inodes(struct volume *volume, struct run *ret, struct error *err)
{
	errcode_t e;

	pthread_mutex_lock(&volume->lock);
	e = take_inodes(volume, ret);
	pthread_mutex_unlock(&volume->lock);
	return ext4_check(e, "find an inode on the target", err);
}

void volume_use_inodes(struct volume *volume, const struct run *run, const uint8_t *uses)
{
	pthread_mutex_lock(&volume->lock);
	for (uint64_t i = 0; i < run->count; i++) {
		if (uses[i] != INODE_FREE)
			ext2fs_inode_alloc_stats2(volume->fs, (ext2_ino_t)(run->start + i), +1,
				uses[i] == INODE_DIRECTORY);
	}
	pthread_mutex_unlock(&volume->lock);
}

int volume_write_inodes(
	struct volume *volume, const struct run *run, const uint8_t *records, struct error *err)
{
	uint32_t per_group = volume->fs->super->s_inodes_per_group;
	uint64_t index = (run->start - 1) % per_group;
	uint64_t table = ext2fs_inode_table_loc(volume->fs, (dgrp_t)((run->start - 1) / per_group));
	size_t size_bytes = (size_t)run->count * volume->inode_bytes;
	uint64_t at_bytes = volume->offset_bytes + table * volume->block_bytes +
			    index * volume->inode_bytes;
	int r;

	/* A group's table may end within a block. */
	size_bytes = (size_bytes + volume->block_bytes - 1) / volume->block_bytes *
		     volume->block_bytes;
	r = file_write_at(volume->fd, records, size_bytes, at_bytes);
	return r < 0 ? error_errno(err, r, "write inodes") : 0;
}

void volume_add_late_inode(struct volume *volume, uint32_t inode, const void *record)
{
	pthread_mutex_lock(&volume->lock);
	if (volume->late_count == volume->late_room) {
		volume->late_room = volume->late_room ? 2 * volume->late_room : 64;
		volume->late = must_realloc(volume->late, volume->late_room, sizeof(*volume->late));
	}
	volume->late[volume->late_count].inode = inode;
	memcpy(volume->late[volume->late_count++].record, record, sizeof(volume->late->record));
	pthread_mutex_unlock(&volume->lock);
}

/* -------------------------------------------------------- checksums and hashes */

void volume_seal_inode(const struct volume *volume, uint32_t inode, void *record)
{
	ext2fs_inode_csum_set(volume->fs, inode, record);
}

uint32_t volume_begin_checksum(const struct volume *volume, uint32_t inode)
{
	const uint32_t words[] = { inode, 0 };

	return volume_add_checksum(volume->fs->csum_seed, words, sizeof(words));
}

uint32_t volume_add_checksum(uint32_t checksum, const void *data, size_t size_bytes)
{
	return ext2fs_crc32c_le(checksum, data, size_bytes);
}

int volume_hash_name(const struct volume *volume, const char *name, size_t length,
	struct name_hash *ret, struct error *err)
{
	const struct ext2_super_block *sb = volume->fs->super;
	int version = sb->s_def_hash_version;

	ret->version = sb->s_def_hash_version;
	if (sb->s_flags & EXT2_FLAGS_UNSIGNED_HASH && version <= EXT2_HASH_TEA)
		version += EXT2_HASH_LEGACY_UNSIGNED;
	return ext4_check(ext2fs_dirhash2(version, name, (int)length, NULL, 0, sb->s_hash_seed,
				  &ret->major, &ret->minor),
		"hash a name", err);
}
