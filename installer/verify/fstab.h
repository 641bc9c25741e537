/* SPDX-License-Identifier: MIT */
/*
 * fstab — whether the file systems that a system mounts are those of its disk.
 *
 * Pure. The lines of fstab(5) come split from libmount (disk/mount.h). The root, the store, the
 * boot file system and the keys must be on this disk. Other mounts are only named in the log.
 *
 * Tested by: tests/unit/test_fstab.c, tests/loop/images.sh, tests/fuzz/fstab.c.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "plan/plan.h"

/* One line, as mount(8) would see it. */
struct fstab_line {
	const char *device;
	const char *path;
	const char *options;
};

/* -EBADMSG with a sentence if the line mounts a mount path of the plan by a label or UUID that
 * another file system has. The same if it mounts anything over the store or over keys_path, the
 * authorized_keys of keys-user inside the guest (NULL for none). Names of devices are not checked.
 * *ret_elsewhere: the line is needed for the boot, but its file system is not of this disk. */
int fstab_check_line(const struct fstab_line *line, const struct plan *plan, const char *keys_path,
	bool *ret_elsewhere, struct error *err) WARN_UNUSED;

/* Whether device (LABEL=, UUID=, PARTUUID= or a path below /dev) may be this partition: false only
 * if it names another label or UUID. */
bool fstab_device_may_be(const struct plan_partition *partition, const char *device);
