/* SPDX-License-Identifier: MIT */
/*
 * format — makes the plan's file systems, each where the plan puts it: ext4 by ext4/mkfs, FAT by
 * fat, swap by swap.
 *
 * Tested by: tests/loop/format.sh, tests/loop/images.sh (format).
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

/* Where a partition's file system is made: at its node, or at its offset in the locked image file.
 * A node that belongs to another disk than the locked one is refused. */
struct place {
	const char *path; /* plan_open_path, or node */
	uint64_t offset_bytes;
	char node[PLAN_NODE_BYTES];
};
int format_find_place(
	const struct plan *plan, size_t index, struct place *ret, struct error *err) WARN_UNUSED;

/* Checks that every program that format_all runs can be started. Writes nothing. */
int format_check(const struct plan *plan, struct error *err) WARN_UNUSED;

/* Makes every file system of the plan: through the partition nodes on a block device, at the
 * partitions' offsets in an image file. The mark in the root's boot block is kept. ext4 gets what
 * mke2fs -t ext4 of Debian 12 would choose (mke2fs(8), mke2fs.conf), always with 4,096-byte blocks.
 * The whole disk must not be open with O_EXCL (see partition_write). Everything is on the disk when
 * this returns. */
int format_all(const struct plan *plan, struct error *err) WARN_UNUSED;
