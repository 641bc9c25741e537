/* SPDX-License-Identifier: MIT */
/*
 * disk_drivers — the kernel's modules that drive a disk, and the controllers and buses on the way
 * to it.
 *
 * It reads /sys (Linux, Documentation/ABI/testing/sysfs-bus-*, and the link "module" of each
 * driver). Drivers that are built into the kernel have no module and are left out.
 *
 * Tested by: tests/unit/test_disk_drivers.c, tests/engines/shapes.sh.
 */
#pragma once

#include <stddef.h>

#define DISK_DRIVERS_MAX  16
#define DRIVER_NAME_BYTES 64

struct disk_drivers {
	char modules[DISK_DRIVERS_MAX][DRIVER_NAME_BYTES]; /* "virtio_blk", "virtio_pci" */
	size_t count;
};

/* sysfs_path: of struct disk; empty for an image file, which has none. */
void disk_drivers_find(const char *sysfs_path, struct disk_drivers *ret);
