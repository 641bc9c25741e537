/* SPDX-License-Identifier: MIT */
/*
 * mount — file systems attached and detached, by libmount (the only file that includes it).
 */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "plan.h"

/* Mounts source on target (made if missing, 0755), without fstab, mtab or helpers. options as in
 * mount(8), NULL for none: "ro,nosuid". */
int mount_one(const char *source, const char *target, const char *fstype, const char *options,
	struct error *err) WARN_UNUSED;

/* Unmounts what is mounted on target; no lazy detaching. */
int mount_detach(const char *target, struct error *err) WARN_UNUSED;

/* Mounts the plan's file systems below target_path, the root first; read_only for verification. */
int mount_plan(const struct plan *plan, const char *target_path, bool read_only,
	struct error *err) WARN_UNUSED;

/* Unmounts them in reverse order, and whatever else lies below target_path. */
int mount_plan_detach(const char *target_path, struct error *err) WARN_UNUSED;

/* What is mounted on a path: its source; -ENOENT if nothing is. */
int mount_source(const char *path, char ret_source[128], struct error *err) WARN_UNUSED;

/* The first mount point whose source is this device node or a partition of it, or empty. */
int mount_point_of(const char *disk_name, char ret_path[128], struct error *err) WARN_UNUSED;
