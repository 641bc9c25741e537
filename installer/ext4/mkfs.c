/* SPDX-License-Identifier: MIT */
/*
 * The steps and their order are those of mke2fs: e2fsprogs, misc/mke2fs.c, main(). The layout is
 * described in Linux, Documentation/filesystems/ext4/.
 */
#include "ext4/mkfs.h"

#include <errno.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/uuid.h"

#define BLOCK_BYTES	  4096
#define LOG_BLOCK	  2	/* BLOCK_BYTES = 1024 << 2 */
#define BYTES_PER_INODE	  16384 /* mke2fs.conf, inode_ratio */
#define INODE_BYTES	  256
#define LOG_FLEX_GROUPS	  4  /* 16 groups have their tables together */
#define RESERVED_SHARE	  20 /* one block of so many (5 %) is root's */
#define LOST_FOUND_UMASK  077
#define LOST_FOUND_BLOCKS 4	  /* so many ahead, for e2fsck to fill on a full disk */
#define TAIL_BLOCKS	  16	  /* other formats keep a superblock in the last 64 KiB */
#define ERRNO_CODES	  256	  /* errcode_t below this are errno's */
#define ANYWHERE	  (~0ULL) /* goal for the journal's blocks */

void mkfs_discard(ext2_filsys *fs)
{
	if (*fs)
		ext2fs_free(*fs);
}

int mkfs_check(long result, const char *what, struct error *err)
{
	if (result == 0)
		return 0;
	if (result > 0 && result < ERRNO_CODES)
		return error_errno(err, -(int)result, "%s", what);
	return error_set(err, -EIO, "%s: %s", what, error_message(result));
}

static void set_features(struct ext2_super_block *sb)
{
	ext2fs_set_feature_sparse_super(sb);
	ext2fs_set_feature_large_file(sb);
	ext2fs_set_feature_filetype(sb);
	ext2fs_set_feature_resize_inode(sb);
	ext2fs_set_feature_dir_index(sb);
	ext2fs_set_feature_xattr(sb);
	ext2fs_set_feature_journal(sb);
	ext2fs_set_feature_extents(sb);
	ext2fs_set_feature_huge_file(sb);
	ext2fs_set_feature_flex_bg(sb);
	ext2fs_set_feature_metadata_csum(sb);
	ext2fs_set_feature_dir_nlink(sb);
	ext2fs_set_feature_extra_isize(sb);
}

/* What ext2fs_initialize wants to know; it computes the groups from it. */
static void set_parameters(const struct mkfs_request *request, struct ext2_super_block *sb)
{
	blk64_t blocks = request->size_bytes / BLOCK_BYTES;
	uint64_t inodes = blocks * BLOCK_BYTES / BYTES_PER_INODE;

	memset(sb, 0, sizeof(*sb));
	sb->s_rev_level = EXT2_DYNAMIC_REV;
	sb->s_log_block_size = LOG_BLOCK;
	sb->s_log_cluster_size = LOG_BLOCK;
	sb->s_inode_size = INODE_BYTES;
	sb->s_log_groups_per_flex = LOG_FLEX_GROUPS;
	sb->s_inodes_count = inodes > UINT32_MAX ? UINT32_MAX : (uint32_t)inodes;
	sb->s_default_mount_opts = EXT2_DEFM_XATTR_USER | EXT2_DEFM_ACL;
	ext2fs_blocks_count_set(sb, blocks);
	ext2fs_r_blocks_count_set(sb, blocks / RESERVED_SHARE);
	set_features(sb);
	if (request->no_64bit)
		return;
	ext2fs_set_feature_64bit(sb);
	sb->s_desc_size = EXT2_MIN_DESC_SIZE_64BIT;
}

static int open_new(const struct mkfs_request *request, ext2_filsys *ret, struct error *err)
{
	struct ext2_super_block parameters;
	char option[64];
	int r;

	set_parameters(request, &parameters);
	r = mkfs_check(ext2fs_initialize(
			       request->path, EXT2_FLAG_64BITS, &parameters, unix_io_manager, ret),
		"open", err);
	if (r < 0 || request->offset_bytes == 0)
		return r;
	snprintf(option, sizeof(option), "offset=%llu", (unsigned long long)request->offset_bytes);
	return mkfs_check(io_channel_set_options((*ret)->io, option), "go to its offset", err);
}

/* Everything that tells this file system from others. The checksum seed follows from the UUID and
 * goes into every checksum: this comes before anything is written. */
static int set_identity(const struct mkfs_request *request, ext2_filsys fs, struct error *err)
{
	struct ext2_super_block *sb = fs->super;
	uint8_t hash_seed[UUID_BYTES];

	if (uuid_to_bytes(request->uuid, sb->s_uuid) < 0)
		return error_set(err, -EINVAL, "%s is no UUID", request->uuid);
	if (uuid_to_bytes(request->hash_seed, hash_seed) < 0)
		return error_set(err, -EINVAL, "hash seed %s is no UUID", request->hash_seed);
	if (strlen(request->label) > sizeof(sb->s_volume_name))
		return error_set(err, -EINVAL, "label %s is longer than %zu bytes", request->label,
			sizeof(sb->s_volume_name));
	memcpy(sb->s_hash_seed, hash_seed, sizeof(hash_seed));
	memcpy(sb->s_volume_name, request->label, strlen(request->label));
	sb->s_checksum_type = EXT2_CRC32C_CHKSUM;
	ext2fs_init_csum_seed(fs);
	sb->s_def_hash_version = EXT2_HASH_HALF_MD4;
	sb->s_max_mnt_count = -1;
	sb->s_checkinterval = 0;
	/* With 0 libext2fs counts nothing. What it writes depends on whether the disk can punch holes. */
	sb->s_kbytes_written = 0;
	return 0;
}

/* Superblocks of other formats (md, LVM, a backup GPT) at the end must not outlive this. */
static errcode_t clear_tail(ext2_filsys fs)
{
	blk64_t blocks = ext2fs_blocks_count(fs->super);
	blk64_t start = blocks & ~(blk64_t)(TAIL_BLOCKS - 1);

	if (start > TAIL_BLOCKS)
		start -= TAIL_BLOCKS;
	return ext2fs_zero_blocks2(fs, start, (int)(blocks - start), NULL, NULL);
}

/* Only the part of each group's table that is used at first: its checksum tells the kernel that
 * the rest still is to be cleared (mke2fs's lazy_itable_init). */
static errcode_t clear_inode_tables(ext2_filsys fs)
{
	for (dgrp_t group = 0; group < fs->group_desc_count; group++) {
		uint64_t used = fs->super->s_inodes_per_group - ext2fs_bg_itable_unused(fs, group);
		uint64_t blocks = (used * INODE_BYTES + BLOCK_BYTES - 1) / BLOCK_BYTES;
		errcode_t e;

		if (blocks == 0)
			continue;
		e = ext2fs_zero_blocks2(
			fs, ext2fs_inode_table_loc(fs, group), (int)blocks, NULL, NULL);
		if (e)
			return e;
	}
	return 0;
}

/* Empty inodes with right checksums. */
static errcode_t write_reserved_inodes(ext2_filsys fs)
{
	struct ext2_inode_large empty;

	memset(&empty, 0, sizeof(empty));
	for (ext2_ino_t ino = 1; ino < EXT2_FIRST_INO(fs->super); ino++) {
		errcode_t e = ext2fs_write_inode_full(
			fs, ino, (struct ext2_inode *)&empty, sizeof(empty));

		if (e)
			return e;
	}
	return 0;
}

static int make_tables(ext2_filsys fs, struct error *err)
{
	int r = mkfs_check(ext2fs_allocate_tables(fs), "place the tables", err);

	if (r < 0)
		return r;
	r = mkfs_check(
		ext2fs_convert_subcluster_bitmap(fs, &fs->block_map), "convert the bitmap", err);
	if (r < 0)
		return r;
	r = mkfs_check(clear_tail(fs), "clear the end", err);
	if (r < 0)
		return r;
	r = mkfs_check(clear_inode_tables(fs), "clear the inode tables", err);
	if (r < 0)
		return r;
	return mkfs_check(write_reserved_inodes(fs), "write the reserved inodes", err);
}

static errcode_t make_lost_and_found(ext2_filsys fs)
{
	const char *name = "lost+found";
	ext2_ino_t ino;
	errcode_t e;

	fs->umask = LOST_FOUND_UMASK;
	e = ext2fs_mkdir(fs, EXT2_ROOT_INO, 0, name);
	if (e == 0)
		e = ext2fs_lookup(fs, EXT2_ROOT_INO, name, (int)strlen(name), NULL, &ino);
	for (int i = 1; e == 0 && i < LOST_FOUND_BLOCKS; i++)
		e = ext2fs_expand_dir(fs, ino);
	return e;
}

/* The reserved inodes count as taken; the root has been counted when it was made. */
static errcode_t take_reserved_inodes(ext2_filsys fs)
{
	for (ext2_ino_t ino = EXT2_ROOT_INO + 1; ino < EXT2_FIRST_INODE(fs->super); ino++)
		ext2fs_inode_alloc_stats2(fs, ino, +1, 0);
	ext2fs_mark_inode_bitmap2(fs->inode_map, EXT2_BAD_INO);
	ext2fs_inode_alloc_stats2(fs, EXT2_BAD_INO, +1, 0);
	return ext2fs_update_bb_inode(fs, NULL); /* no bad blocks: an empty list */
}

static int make_inodes(ext2_filsys fs, struct error *err)
{
	int r = mkfs_check(
		ext2fs_mkdir(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, NULL), "make the root folder", err);

	if (r < 0)
		return r;
	r = mkfs_check(make_lost_and_found(fs), "make lost+found", err);
	if (r < 0)
		return r;
	r = mkfs_check(take_reserved_inodes(fs), "reserve the first inodes", err);
	if (r < 0)
		return r;
	return mkfs_check(ext2fs_create_resize_inode(fs), "make the resize inode", err);
}

/* With s_overhead_clusters the kernel need not count at every mount. It is the number of blocks of
 * the tables, before any folder was made, and of the journal. */
static int make_journal(ext2_filsys fs, blk64_t overhead, struct error *err)
{
	struct ext2fs_journal_params journal = { 0 };
	int r = mkfs_check(ext2fs_get_journal_params(&journal, fs), "size the journal", err);

	if (r < 0)
		return r;
	r = mkfs_check(
		ext2fs_add_journal_inode3(fs, &journal, ANYWHERE, EXT2_MKJOURNAL_NO_MNT_CHECK),
		"make the journal", err);
	if (r < 0)
		return r;
	fs->super->s_overhead_clusters =
		(uint32_t)(overhead + journal.num_journal_blocks + fs->super->s_first_data_block);
	return 0;
}

static int make(const struct mkfs_request *request, struct error *err)
{
	CLEANUP(mkfs_discard) ext2_filsys fs = NULL;
	blk64_t overhead;
	int r = open_new(request, &fs, err);

	if (r < 0)
		return r;
	r = set_identity(request, fs, err);
	if (r < 0)
		return r;
	r = make_tables(fs, err);
	if (r < 0)
		return r;
	r = mkfs_check(ext2fs_count_used_clusters(fs, fs->super->s_first_data_block,
			       ext2fs_blocks_count(fs->super) - 1, &overhead),
		"count the blocks of the tables", err);
	if (r < 0)
		return r;
	r = make_inodes(fs, err);
	if (r < 0)
		return r;
	r = make_journal(fs, overhead, err);
	if (r < 0)
		return r;
	return mkfs_check(ext2fs_close_free(&fs), "write it out", err);
}

int mkfs_ext4(const struct mkfs_request *request, struct error *err)
{
	int r;

	initialize_ext2_error_table();
	r = make(request, err);
	if (r < 0)
		error_wrap(err, "ext4 file system on %s", request->path);
	return r;
}
