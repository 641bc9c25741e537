/* SPDX-License-Identifier: MIT */
/*
 * ext4_open — opens an unmounted ext4 that lies at an offset of an image file or a device, by
 * libext2fs.
 *
 * What is done with it between opening and closing is up to the modules that call this one.
 *
 * Tested by: tests/unit/test_ext4_files.c, tests/unit/test_ext4_identity.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct struct_ext2_filsys;

/* The caller frees *ret (ext2fs_free, or ext2fs_close_free or ext4_close to write everything out),
 * also after an error if it is not NULL. */
int ext4_open(const char *path, uint64_t offset_bytes, bool writable,
	struct struct_ext2_filsys **ret, struct error *err) WARN_UNUSED;

/* The same for writing files: with the bitmaps of blocks and inodes. */
int ext4_open_with_bitmaps(const char *path, uint64_t offset_bytes, struct struct_ext2_filsys **ret,
	struct error *err) WARN_UNUSED;

/* Writes everything and frees fs, also on failure. It does not wait for the disk, as
 * ext2fs_close_free does three times: for files that the caller syncs before they get a name. what
 * was tried is said in the error. */
int ext4_close(struct struct_ext2_filsys *fs, const char *what, struct error *err) WARN_UNUSED;
