/* SPDX-License-Identifier: MIT */
/*
 * partition — the plan's partition table onto the disk, by libfdisk (the only file that includes
 * it).
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "plan/plan.h"

/* Writes the table to plan->disk_path, whose descriptor fd the caller holds (O_EXCL and flock);
 * before the table itself the start of every new partition is wiped (1 MiB, but the root's mark
 * stays), and marks of other layouts are erased. On a block device the kernel reads it again, and
 * every partition node exists with the right size when this returns; nothing of the whole disk is
 * then left in its page cache.
 *
 * A layout without a table has two disks, boot_fd being the boot disk's, else -1: both are wiped
 * (the marks stay), and the kernel forgets what partitions they had.
 *
 * The caller has to give up O_EXCL (not flock) before the partitions are formatted and mounted: a
 * disk that is open exclusively has no partition that another process can open so. */
int partition_write(const struct plan *plan, int fd, int boot_fd, struct error *err) WARN_UNUSED;
