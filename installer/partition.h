/* SPDX-License-Identifier: MIT */
/*
 * partition — the plan's partition table onto the disk, by libfdisk (the only file that includes
 * it).
 */
#pragma once

#include "error.h"
#include "plan.h"

/* Writes the table to plan->disk_path, whose descriptor fd the caller holds (O_EXCL and flock);
 * before the table itself the start of every new partition is wiped (1 MiB, but the root's mark
 * stays), and marks of other layouts are erased. On a block device the kernel reads it again, and
 * every partition node exists with the right size when this returns. */
int partition_write(const struct plan *plan, int fd, struct error *err) WARN_UNUSED;

/* The node of a partition: "/dev/vda3", "/dev/nvme0n1p3". Only for block devices. */
void partition_node(const struct plan *plan, size_t index, char ret_path[128]);
