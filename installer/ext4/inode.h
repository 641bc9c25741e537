/* SPDX-License-Identifier: MIT */
/*
 * inode — an ext4 inode's record: mode, times, and where the content is.
 *
 * Made as the kernel makes it: fast links in the record, else an extent tree, of which up to four
 * extents are in the record and the rest one level below (Linux, Documentation/filesystems/ext4/,
 * "Index Nodes", "Extent Tree"). Whose entry refers to it is directory's.
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

/* Writes the record into the inode, and into the stream what does not fit into it. Owner 0:0,
 * modified and accessed at second 1, made now. */
int inode_write(struct allocator *stream, uint32_t inode, const struct inode_content *content,
	struct error *err) WARN_UNUSED;
