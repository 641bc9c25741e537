/* SPDX-License-Identifier: MIT */
/*
 * devices — lists the block devices of this machine from /sys, and has probe read each.
 *
 * It reads /sys, /proc/self/mountinfo, /proc/swaps and the devices, and writes nothing.
 *
 * Tested by: tests/loop/scan.sh, tests/fuzz/devices.c.
 */
#pragma once

#include "base/error.h"
#include "disk/disk.h"

/* Reads <sysfs_root>/block (normally "/sys"; Linux, Documentation/ABI/stable/sysfs-block) and
 * nodes below dev_root ("/dev"). Loop, ram, zram, dm, md, floppy, nbd and mtd devices are left out
 * of the list (but count as holders). medium_source is the node the medium is mounted from
 * ("/dev/sr0", a disk or a partition of it), or NULL. Sorted by kernel's order: by name length,
 * then name. Content is probed for every disk that is neither cdrom nor medium. A disk that cannot
 * be read gets `unreadable`, it is not an error of the scan. input/key_drive sets key_drive. */
int devices_scan(const char *sysfs_root, const char *dev_root, const char *medium_source,
	struct disk ret_disks[DISKS_MAX], size_t *ret_count, struct error *err) WARN_UNUSED;

/* An image file named by the user, as a disk. */
int devices_image(const char *path, struct disk *ret, struct error *err) WARN_UNUSED;
