/* SPDX-License-Identifier: MIT */
/*
 * format — the plan's file systems: ext4 by libext2fs in process (the only file that includes it),
 * FAT by dosfstools' mkfs.fat as a child.
 */
#pragma once

#include "error.h"
#include "plan.h"

/* Makes every file system of the plan on the open disk's path at the partitions' offsets (through
 * the partition nodes on a block device, at offsets in an image file). The mark in the root's boot
 * block is kept. ext4 gets what mke2fs -t ext4 of Debian 12 would choose (mke2fs(8), mke2fs.conf),
 * always with 4,096-byte blocks. */
int format_all(const struct plan *plan, struct error *err) WARN_UNUSED;
