/* SPDX-License-Identifier: MIT */
/*
 * ext4_image — block and inode allocation in an unmounted, freshly made ext4, by libext2fs.
 *
 * Hands out contiguous blocks, so that each writer writes sequentially, and inodes in whole blocks
 * of the inode table. allocator, inode and directory fill them. Until ext4_image_close nothing on
 * the disk refers to what was written: the file system stays empty. Terms and layout are those of
 * Linux, Documentation/filesystems/ext4/.
 *
 * Tested by: tests/unit/test_unpack.c, tests/unit/test_ext4_area.c, tests/loop/store.sh,
 * tests/fuzz/peers.sh.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ext4/async_writer.h"
#include "ext4/ext4_area.h"

struct struct_ext2_filsys;

#define EXT4_AREAS_MAX 4

struct ext4_image {
	struct struct_ext2_filsys *fs;
	int fd;
	uint64_t offset_bytes;
	struct async_writer *writer;
	uint32_t block_bytes;
	uint32_t inode_bytes;
	bool checksums;			 /* of metadata */
	int64_t now_s;			 /* creation time of everything */
	uint32_t nix_inode, store_inode; /* of /nix and /nix/store */
	pthread_mutex_t lock;		 /* of fs and of what follows */
	struct ext4_area areas[EXT4_AREAS_MAX];
	size_t area_count;
	bool area_is_full; /* an allocation failed, but not because the whole is full */
	struct deferred_inode *deferred;
	size_t deferred_count, deferred_capacity;
};

/* Opens the ext4 at offset_bytes of a device or an image file. It must not contain any file.
 * writers is the number of allocators that may be open at a time. There is one area, the whole. */
int ext4_image_open(struct ext4_image *ret, const char *path, uint64_t offset_bytes, size_t writers,
	struct error *err) WARN_UNUSED;

/* Creates /nix and links /nix/store, whose inode the caller has written, writes bitmaps and
 * counters, and syncs the disk. Releases the image, also on failure. */
int ext4_image_close(struct ext4_image *image, struct error *err) WARN_UNUSED;

/* Releases the image; the file system on the disk stays empty. */
void ext4_image_drop(struct ext4_image *image);

/* Divides the whole into areas, for writers that do not influence each other (ext4_area); bytes are
 * those that will be written to each. */
int ext4_image_divide(struct ext4_image *image, const uint64_t bytes[], size_t area_count,
	struct error *err) WARN_UNUSED;
/* Makes them one area again; all allocators are closed. */
int ext4_image_join(struct ext4_image *image, struct error *err) WARN_UNUSED;

/* Allocates contiguous blocks in an area: wanted or more if that many are contiguous, else fewer.
 * -ENOSPC if fewer than wanted are free in it. This and all that follow are thread-safe. */
int ext4_image_take_blocks(struct ext4_image *image, size_t area, uint64_t wanted,
	struct extent_run *ret, struct error *err) WARN_UNUSED;
/* Returns unused blocks. */
void ext4_image_return_blocks(struct ext4_image *image, size_t area, const struct extent_run *run);

/* Allocates contiguous inodes that fill whole blocks of the inode table. -ENOSPC. */
int ext4_image_take_inodes(struct ext4_image *image, size_t area, struct extent_run *ret,
	struct error *err) WARN_UNUSED;
/* Returns inodes at the end of the run that was taken last; they fill whole blocks of the table. */
void ext4_image_return_inodes(struct ext4_image *image, size_t area, const struct extent_run *run);
/* Marks the inodes of a run as used. */
enum inode_use {
	INODE_FREE,
	INODE_FILE,
	INODE_DIRECTORY,
};
void ext4_image_use_inodes(
	struct ext4_image *image, const struct extent_run *run, const uint8_t *uses);

/* Whether an allocation failed because an area was full, not the whole. */
bool ext4_image_area_is_full(struct ext4_image *image);

/* Writes the blocks of the inode table that hold a run. */
int ext4_image_write_inodes(struct ext4_image *image, const struct extent_run *run,
	const uint8_t *records, struct error *err) WARN_UNUSED;
/* Defers a record until ext4_image_close: its block of the table has been written already. */
void ext4_image_defer_inode(struct ext4_image *image, uint32_t inode, const void *record);

/* Sets the checksum of an inode's record. */
void ext4_image_seal_inode(const struct ext4_image *image, uint32_t inode, void *record);
/* The checksum of metadata that belongs to an inode (of generation 0): CRC-32C, begun and
 * continued. */
uint32_t ext4_image_begin_checksum(const struct ext4_image *image, uint32_t inode);
uint32_t ext4_image_add_checksum(uint32_t checksum, const void *data, size_t size_bytes);

/* The position of a name in a directory index. */
struct name_hash {
	uint32_t major, minor;
	uint8_t version; /* of the hash function, as directories record it */
};
int ext4_image_hash_name(const struct ext4_image *image, const char *name, size_t length,
	struct name_hash *ret, struct error *err) WARN_UNUSED;
