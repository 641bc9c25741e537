/* SPDX-License-Identifier: MIT */
/*
 * disk_transaction — begins and commits the writing of a locked disk. At no moment does the disk
 * both boot and hold an unfinished guest. A disk that is not committed is marked `unfinished`, so
 * that the next run takes it.
 *
 * What was on the disk before is erased by the begin and does not come back.
 *
 * Tested by: tests/loop/images.sh, tests/qemu/crash.sh.
 */
#pragma once

#include <stdbool.h>

#include "format/disk_lock.h"
#include "plan/plan.h"

/* Erases what the disk holds and writes the mark `unfinished`. resumed: the disk has that mark
 * already, which names its table and file system. It stays until they are gone, because a mark
 * beside other ones is not believed. The exclusive opens are held. */
int disk_transaction_begin(const struct disk_lock *lock, const struct plan *plan, bool resumed,
	struct error *err) WARN_UNUSED;

/* Writes what lets the verified guest boot, and the mark `installed` last. After a failure the boot
 * sector is blank and the mark `unfinished` again, as far as the disk can still be written. */
int disk_transaction_commit(
	struct disk_lock *lock, const struct plan *plan, struct error *err) WARN_UNUSED;
