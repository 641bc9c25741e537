/* SPDX-License-Identifier: MIT */
/*
 * target_mount — mounts the file systems of a plan below the target.
 *
 * Tested by: tests/loop/mount.sh, tests/loop/images.sh (target_mount_plan).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "plan/plan.h"

/* Mounts the plan's file systems below target_path, the root first; read_only for verification.
 * On a failure nothing is left mounted. */
int target_mount_plan(const struct plan *plan, const char *target_path, bool read_only,
	struct error *err) WARN_UNUSED;
