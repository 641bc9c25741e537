/* SPDX-License-Identifier: MIT */
/*
 * directory — the entries of a directory that is being made, and its blocks once all are known.
 *
 * One block is plain; more are indexed by the names' hashes, as the kernel would have done, so that
 * a large directory is searched no slower in the guest (Linux, Documentation/filesystems/ext4/,
 * "Directory Entries", "Hash Tree Directories"). Names are the caller's to check.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ext4/allocator.h"

#define DIRECTORY_NAME_MAX 255

enum entry_type { /* as directory entries say it */
	ENTRY_FILE = 1,
	ENTRY_DIRECTORY = 2,
	ENTRY_LINK = 7,
};

struct directory {
	uint32_t inode, parent;
	uint32_t directory_count; /* directories among the entries */
	size_t entry_count;
	size_t entry_bytes; /* in blocks */
	uint8_t *names;	    /* packed: struct entry */
	size_t names_bytes, names_room;
};

/* An empty one; both are inodes. */
void directory_begin(struct directory *ret, uint32_t inode, uint32_t parent);
void directory_free(struct directory *directory);

/* name is 1 to DIRECTORY_NAME_MAX bytes long, and not there yet. */
void directory_add(
	struct directory *directory, const char *name, uint32_t inode, enum entry_type type);

/* Writes its blocks and its inode, which is 0:0 and of that mode. */
int directory_write(const struct directory *directory, struct allocator *stream, uint16_t mode,
	struct error *err) WARN_UNUSED;
