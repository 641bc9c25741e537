/* SPDX-License-Identifier: MIT */
/*
 * ext4_image — a freshly made ext4 that is filled while nobody has mounted it: who gets which blocks
 * and which inodes, by libext2fs.
 *
 * Blocks are handed out in runs, so that whoever fills one writes in a row; inodes in whole blocks
 * of the inode table. What is written into them is stream's, inode's and directory's. Until
 * ext4_image_close the file system on the disk is the empty one that it was: nothing refers to what was
 * written. Terms and layout are those of Linux, Documentation/filesystems/ext4/.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ext4/async_writer.h"

struct struct_ext2_filsys;

/* Blocks, or inodes, one after the other. */
struct extent_run {
	uint64_t start;
	uint64_t count;
};

struct ext4_image {
	struct struct_ext2_filsys *fs;
	int fd;
	uint64_t offset_bytes;
	struct writer *writer;
	uint32_t block_bytes;
	uint32_t inode_bytes;
	bool checksums;			 /* of metadata */
	int64_t now_s;			 /* what everything here was made at */
	uint32_t nix_inode, store_inode; /* of /nix and /nix/store */
	pthread_mutex_t lock;		 /* of fs and of what follows */
	uint64_t next_block;
	uint64_t next_inode;
	struct late_inode *late;
	size_t late_count, late_room;
};

/* Opens the ext4 at that place of a device or an image file. Only one without any files of its own
 * is taken. `makers` is how many streams may be open at the same time. */
int ext4_image_open(struct ext4_image *ret, const char *path, uint64_t offset_bytes, size_t makers,
	struct error *err) WARN_UNUSED;

/* Makes /nix and /nix/store, whose inode's record has been written, enters what was taken into
 * bitmaps and counters, and waits until the disk has all of it. The volume is released, whatever
 * comes of it. */
int ext4_image_close(struct ext4_image *image, struct error *err) WARN_UNUSED;

/* Releases it; the file system on the disk stays empty. */
void ext4_image_drop(struct ext4_image *image);

/* Free blocks in a row, to be filled by the caller: `wanted` or more if there are that many in a
 * row, else fewer. -ENOSPC if there are fewer than `wanted` free altogether. Thread-safe, as all
 * that follow. */
int ext4_image_take_blocks(struct ext4_image *image, uint64_t wanted, struct extent_run *ret,
	struct error *err) WARN_UNUSED;
/* Those that were not needed. */
void ext4_image_return_blocks(struct ext4_image *image, const struct extent_run *run);

/* A few inodes in a row that fill whole blocks of the inode table. -ENOSPC. */
int ext4_image_take_inodes(
	struct ext4_image *image, struct extent_run *ret, struct error *err) WARN_UNUSED;
/* Whether each of them is used, and for a directory. */
enum inode_use {
	INODE_FREE,
	INODE_FILE,
	INODE_DIRECTORY,
};
void ext4_image_use_inodes(
	struct ext4_image *image, const struct extent_run *run, const uint8_t *uses);

/* Writes the blocks of the inode table that hold such a run. */
int ext4_image_write_inodes(struct ext4_image *image, const struct extent_run *run,
	const uint8_t *records, struct error *err) WARN_UNUSED;
/* Writes one record when the volume is closed: its block was written before it was known. */
void ext4_image_add_late_inode(struct ext4_image *image, uint32_t inode, const void *record);

/* Completes the record of an inode. */
void ext4_image_seal_inode(const struct ext4_image *image, uint32_t inode, void *record);
/* The checksum of a piece of metadata that belongs to an inode (of generation 0): CRC-32C, begun
 * here and continued. */
uint32_t ext4_image_begin_checksum(const struct ext4_image *image, uint32_t inode);
uint32_t ext4_image_add_checksum(uint32_t checksum, const void *data, size_t size_bytes);

/* Where the directory index puts a name. */
struct name_hash {
	uint32_t major, minor;
	uint8_t version; /* as directories say which function it is */
};
int ext4_image_hash_name(const struct ext4_image *image, const char *name, size_t length,
	struct name_hash *ret, struct error *err) WARN_UNUSED;
