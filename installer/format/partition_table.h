/* SPDX-License-Identifier: MIT */
/*
 * partition_table — writes the plan's partition table and reads it back, by libfdisk (the only file
 * that includes it).
 *
 * It neither wipes what the disk held before nor has the kernel read the table: partition does.
 *
 * Tested by: tests/loop/system_calls.sh, tests/image/first_run_from.sh.
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

/* Writes the table through the descriptor fd, which stays open, and waits for the disk. Fails with
 * -EIO if the table that is read afterwards lacks a partition of the plan. */
int partition_table_write(const struct plan *plan, int fd, struct error *err) WARN_UNUSED;

/* Gives the table that is there the plan's id, and every partition of a GPT a UUID that is derived
 * from seed: those that the plan has, and others. On a disk that has grown, the backup GPT moves to
 * its end. The plan gets the UUIDs. */
int partition_table_renew(
	struct plan *plan, int fd, const char *seed, struct error *err) WARN_UNUSED;
