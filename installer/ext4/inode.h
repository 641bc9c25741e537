/* SPDX-License-Identifier: MIT */
/*
 * inode — writes ext4 inodes: mode, times, and the location of the content.
 *
 * A short link target is in the record itself. Other content has an extent tree: up to four extents
 * in the record, the rest one level below (Linux, Documentation/filesystems/ext4/, "Index Nodes",
 * "Extent Tree"). Directory entries are handled by directory.
 *
 * Tested by: tests/unit/test_unpack.c, tests/loop/store.sh.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ext4/allocator.h"

#define LINK_FAST_MAX 59 /* bytes of a link's target that fit into the record */

struct inode_content {
	uint16_t mode; /* with the type */
	uint32_t links;
	bool indexed; /* a directory with an index */
	uint64_t size_bytes;
	const char *fast_target;       /* of a fast link, else NULL */
	const struct extents *extents; /* NULL for a fast link */
};

/* Sets the record of an inode and writes the extents that do not fit into it. Owner 0:0, mtime and
 * atime 1, ctime now. */
int inode_write(struct allocator *allocator, uint32_t inode, const struct inode_content *content,
	struct error *err) WARN_UNUSED;
