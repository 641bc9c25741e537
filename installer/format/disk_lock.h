/* SPDX-License-Identifier: MIT */
/*
 * disk_lock — locks the chosen disk or disks against every other program while they are written.
 *
 * The flock is held from disk_lock_take to disk_lock_release. The kernel's exclusive open is held
 * until the partition table is written: while it lasts, nothing on the disk can be mounted, not
 * even by this process. If the layout has two disks, both are locked before a byte of either is
 * written. From then on the plan opens them by the locked descriptors and never by name again.
 *
 * The lock does not say whether a disk may be written: candidates_check_unchanged judges the
 * locked disk again.
 *
 * Tested by: tests/loop/images.sh (disk_lock).
 */
#pragma once

#include "base/error.h"
#include "disk/install_mark.h"
#include "format/boot_sector.h"
#include "plan/plan.h"

struct disk_lock {
	int lock_fd;	  /* read and write, flock held; -1 if nothing is locked */
	int exclusive_fd; /* O_EXCL, until disk_lock_release_exclusive; -1 afterwards */
	int boot_lock_fd; /* the same of the boot disk; -1 if the layout has none */
	int boot_exclusive_fd;
	struct boot_sector
		boot_sector; /* the disk's first sector, while nothing may boot from it */
};

#define DISK_LOCK_NONE                                                                             \
	{                                                                                          \
		.lock_fd = -1, .exclusive_fd = -1, .boot_lock_fd = -1, .boot_exclusive_fd = -1     \
	}

/* Locks the disks and checks that their sizes are the plan's. Sets the paths under which the plan
 * opens them to the locked descriptors. Writes nothing. EXIT_NO_DISK if another program holds one;
 * -ESTALE if a size is not the plan's. */
int disk_lock_take(struct plan *plan, struct disk_lock *ret, struct error *err) WARN_UNUSED;

/* Whether the disks' names still lead to the disks that are locked, and these have the sizes of the
 * plan: -ESTALE with a sentence if one was replaced, removed, truncated or extended meanwhile. */
int disk_lock_check(
	const struct disk_lock *lock, const struct plan *plan, struct error *err) WARN_UNUSED;

/* Closes the exclusive opens, so that file systems can be made and mounted. */
int disk_lock_release_exclusive(struct disk_lock *lock, struct error *err) WARN_UNUSED;

/* Keeps the disk from booting until the guest is complete (boot_sector.h). A layout without a table
 * has no boot sector: its boot disk has nothing to boot until the guest's boot loader writes it as
 * the last step, and after a failure disk_lock_invalidate_boot_fs removes that. */
int disk_lock_blank_boot_sector(struct disk_lock *lock, struct error *err) WARN_UNUSED;

/* Erases the superblock of the boot file system, if there is a boot disk: after a failure pygrub
 * must not find a menu there. An error is only logged. */
void disk_lock_invalidate_boot_fs(const struct disk_lock *lock);

/* Writes the mark of this plan on the boot disk, if there is one, and then at the root. The
 * kernel's cache of the whole disk is dropped first: the partitions were written through their own
 * nodes. */
int disk_lock_write_mark(const struct disk_lock *lock, const struct plan *plan,
	enum install_mark_state state, struct error *err) WARN_UNUSED;

/* Waits until the device has everything, and drops the kernel's cache of the whole disk, so that
 * the next read is from the disk. */
int disk_lock_flush(const struct disk_lock *lock, struct error *err) WARN_UNUSED;

void disk_lock_release(struct disk_lock *lock);
