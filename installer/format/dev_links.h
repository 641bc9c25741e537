/* SPDX-License-Identifier: MIT */
/*
 * dev_links — /dev/disk/by-… for the partitions we made, where no udev makes them.
 *
 * The guest's activation and boot loader name its file systems so (udev, 60-persistent-storage).
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

/* Makes by-label, by-uuid and by-partuuid links for every partition of the plan; links that are
 * there are replaced. */
int dev_links_make(const struct plan *plan, struct error *err) WARN_UNUSED;
