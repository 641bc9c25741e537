/* SPDX-License-Identifier: MIT */
/*
 * format — the plan's file systems, each where the plan puts it: ext4 by ext4.c, FAT by fat.c, swap
 * by swap.c.
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

/* Where a partition's file system is made: its node, or its offset in the image file. */
struct place {
	const char *path; /* the plan's, or node */
	uint64_t offset_bytes;
	char node[128];
};
int format_find_place(
	const struct plan *plan, size_t index, struct place *ret, struct error *err) WARN_UNUSED;

/* Whether there is all that format_all needs. Writes nothing. */
int format_check(const struct plan *plan, struct error *err) WARN_UNUSED;

/* Makes every file system of the plan on the open disk's path at the partitions' offsets (through
 * the partition nodes on a block device, at offsets in an image file). The mark in the root's boot
 * block is kept. ext4 gets what mke2fs -t ext4 of Debian 12 would choose (mke2fs(8), mke2fs.conf),
 * always with 4,096-byte blocks. Nobody may have the whole disk open with O_EXCL: see
 * partition_write. Everything is on the disk when this returns. */
int format_all(const struct plan *plan, struct error *err) WARN_UNUSED;
