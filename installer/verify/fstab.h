/* SPDX-License-Identifier: MIT */
/*
 * fstab — whether the file systems that a system mounts are those of its disk.
 *
 * Pure. The format is fstab(5)'s. Of a closure that is copied the manifest says this before the
 * first write (fit); of a system that was built on its disk nobody knows it earlier.
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

/* text: a system's /etc/fstab. -EBADMSG with a sentence if it mounts one of the plan's mount paths
 * by a label or UUID that another file system has, or anything over its store. Names of devices are
 * let pass. */
int fstab_check(const char *text, const struct plan *plan, struct error *err) WARN_UNUSED;
