/* SPDX-License-Identifier: MIT */
/*
 * mkfs — creates an ext4 file system, by libext2fs.
 *
 * Tested by: tests/loop/format.sh.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct struct_ext2_filsys;

struct mkfs_request {
	const char *path;      /* a partition's node, or an image file */
	uint64_t offset_bytes; /* where it begins there; 0 on a node */
	uint64_t size_bytes;   /* a partial last block stays unused */
	const char *label;     /* up to 16 bytes */
	const char *uuid;      /* text */
	const char *hash_seed; /* a UUID in text */
	bool no_64bit;	       /* 32-byte group descriptors, for readers that know no others */
};

/* Makes what `mke2fs -t ext4 -b 4096` of Debian 12 makes (mke2fs(8), /etc/mke2fs.conf), with the
 * inode tables left for the kernel to clear. The first 1,024 bytes are not touched. With
 * E2FSPROGS_FAKE_TIME in the environment the same request gives the same bytes. It is on the disk
 * when this returns. */
int mkfs_ext4(const struct mkfs_request *request, struct error *err) WARN_UNUSED;

/* Turns a result of libext2fs, an errcode_t, into ours; `what` says what was tried. */
int mkfs_check(long result, const char *what, struct error *err) WARN_UNUSED;

/* Frees *fs, if it is set, and writes nothing: for CLEANUP. */
void mkfs_discard(struct struct_ext2_filsys **fs);
