/* SPDX-License-Identifier: MIT */
/*
 * directory — collects the entries of a new directory and writes its blocks.
 *
 * One block is linear. More blocks get a hash tree as the kernel would have built it, so lookups in
 * a large directory are as fast in the guest (Linux, Documentation/filesystems/ext4/, "Directory
 * Entries", "Hash Tree Directories"). The caller checks names.
 *
 * Tested by: tests/unit/test_unpack.c, tests/loop/store.sh.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ext4/allocator.h"

#define DIRECTORY_NAME_MAX 255

enum entry_type { /* values of ext4 */
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
	size_t names_bytes, names_capacity;
};

/* Begins an empty directory; both arguments are inodes. */
void directory_begin(struct directory *ret, uint32_t inode, uint32_t parent);
void directory_free(struct directory *directory);

/* name has 1 to DIRECTORY_NAME_MAX bytes and must not be present yet. */
void directory_add(
	struct directory *directory, const char *name, uint32_t inode, enum entry_type type);

/* Writes blocks and inode; owner 0:0. */
int directory_write(const struct directory *directory, struct allocator *allocator, uint16_t mode,
	struct error *err) WARN_UNUSED;
