/* SPDX-License-Identifier: MIT */
/*
 * mount — mounts and unmounts file systems, by libmount (the only file that includes it).
 *
 * It reads neither fstab nor mtab, needs no udev, and runs no mount helper.
 *
 * Tested by: tests/loop/mount.sh, tests/loop/enter.sh, tests/loop/images.sh (mount),
 * tests/fuzz/peers.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

#define MOUNT_PATH_BYTES 128

/* Gives this process a mount namespace of its own. Only its children see what it mounts, and the
 * kernel unmounts it when the last of them has ended. File systems that the rest of the system
 * mounts and unmounts come and go here as well (mount_namespaces(7), MS_SLAVE), so none is kept
 * from being unmounted. */
int mount_isolate(struct error *err) WARN_UNUSED;

/* Mounts source on target (made if missing, 0755), without fstab, mtab or helpers. options as in
 * mount(8), NULL for none: "ro,nosuid". */
int mount_one(const char *source, const char *target, const char *fstype, const char *options,
	struct error *err) WARN_UNUSED;

/* Unmounts target, and not lazily. Retries for a few seconds while it is busy. */
int mount_detach(const char *target, struct error *err) WARN_UNUSED;

/* Unmounts everything at or below target_path, the last mounted first. */
int mount_detach_below(const char *target_path, struct error *err) WARN_UNUSED;

/* The source of the file system that is mounted on a path; -ENOENT if there is none. */
int mount_source(
	const char *path, char ret_source[MOUNT_PATH_BYTES], struct error *err) WARN_UNUSED;

/* Where one of these devices (a disk and its partitions) is mounted: the first mount point, or
 * "[SWAP]" for a swap area in use, or empty if none is. */
int mount_point_of(const dev_t *devices, size_t count, char ret_path[MOUNT_PATH_BYTES],
	struct error *err) WARN_UNUSED;

/* Calls visit for each line of an fstab, with quotes and escapes undone as mount(8) does. A line
 * that mount(8) does not understand is refused with -EBADMSG and its number. visit returns 0, or a
 * negative errno that ends the walk. */
int mount_read_fstab(const char *text,
	int (*visit)(const char *device, const char *path, const char *options, void *userdata,
		struct error *err),
	void *userdata, struct error *err) WARN_UNUSED;
