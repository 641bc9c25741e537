/* SPDX-License-Identifier: MIT */
/*
 * partition — puts the plan's partition table on a disk that may hold older content.
 *
 * It wipes what older tables and file systems have left, and has the kernel read the new table,
 * which partition_table writes. It makes no file system: format does.
 *
 * Tested by: tests/loop/partition.sh.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "plan/plan.h"

/* Erases what could be taken for content later. The caller holds the disk by the descriptor fd
 * (O_EXCL and flock). The first sector goes first. When the disk has that, the start of every new
 * partition (1 MiB, but not the root's mark), the marks of other layouts and all signatures follow.
 * Returns when the disk has it.
 *
 * A layout without a table has two disks, boot_fd being the boot disk's and otherwise -1. Both are
 * wiped except for their marks, and the kernel forgets their former partitions. */
int partition_wipe(const struct plan *plan, int fd, int boot_fd, struct error *err) WARN_UNUSED;

/* Writes the table to a disk that partition_wipe has erased; does nothing for a layout without one.
 * On a block device the kernel reads the table again; when this returns every partition node exists
 * with the right size, and the page cache holds nothing of the whole disk.
 *
 * The caller closes the O_EXCL descriptor (and keeps the flock) before the partitions are formatted
 * and mounted: while a disk is open exclusively, no partition of it can be. */
int partition_write(const struct plan *plan, int fd, struct error *err) WARN_UNUSED;
