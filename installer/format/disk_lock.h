/* SPDX-License-Identifier: MIT */
/*
 * disk_lock — the chosen disk or disks, held against everybody else while they are written.
 *
 * flock is held from disk_lock_take to the end. The kernel's exclusive open is held until the
 * partition table is written: while it lasts, nothing on the disk can be mounted, by us neither.
 * Where the layout has two disks both are locked before a byte of either is written.
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

/* Sees that the disk is still the one that was judged (size) and free. Writes nothing. */
int disk_lock_take(const struct plan *plan, struct disk_lock *ret, struct error *err) WARN_UNUSED;

/* Gives the exclusive opens back, so that file systems can be made and mounted. */
int disk_lock_release_exclusive(struct disk_lock *lock, struct error *err) WARN_UNUSED;

/* Keeps the disk from booting as long as it is not a whole guest (boot_sector.h). Without a table there is
 * no sector to take: there the boot disk has nothing to boot until the guest's boot loader writes
 * it, as the last of all, and disk_lock_invalidate_boot_fs sees to a failure after that. */
int disk_lock_blank_boot_sector(struct disk_lock *lock, struct error *err) WARN_UNUSED;

/* Takes the boot file system off the boot disk, if there is one: after a failure pygrub must not
 * find a menu there. Best effort. */
void disk_lock_invalidate_boot_fs(const struct disk_lock *lock);

/* Writes a mark at the plan's root (and on the boot disk, before), past whatever the kernel has
 * cached of the whole disk while the partitions were written through their own nodes. */
int disk_lock_write_mark(const struct disk_lock *lock, const struct plan *plan,
	enum install_mark_state state, struct error *err) WARN_UNUSED;

/* Waits until the device has everything, and drops the kernel's cache of the whole disk, so that
 * the next read is from the disk. */
int disk_lock_flush(const struct disk_lock *lock, struct error *err) WARN_UNUSED;

void disk_lock_release(struct disk_lock *lock);
