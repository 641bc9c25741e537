/* SPDX-License-Identifier: MIT */
/*
 * boot_device — shows the disk to the guest's boot loader under the name that the guest has for it.
 *
 * A guest names the disk that GRUB is written to, such as /dev/vda. On another bus the disk has
 * another name, such as /dev/sda, and the guest's name may be missing or belong to another disk.
 *
 * Tested by: tests/engines/shapes.sh.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct boot_device {
	char path[300]; /* below the target; empty if nothing was changed */
	bool made;	/* the node did not exist */
};

/* In the mount namespace of the chroot, mounts the node of the disk on the guest's name below root.
 * Nothing to do if name is empty, "nodev" or disk_path. disk_fd is the locked disk; -ESTALE if
 * disk_path is another one. */
int boot_device_show(const char *root, const char *name, const char *disk_path, int disk_fd,
	struct boot_device *ret, struct error *err) WARN_UNUSED;

/* Removes the mount, and the name if it did not exist: the guest's /dev is the machine's. */
int boot_device_hide(const struct boot_device *device, struct error *err) WARN_UNUSED;
