/* SPDX-License-Identifier: MIT */
/*
 * dev_links — makes /dev/disk/by-… for the new partitions, as udev would (60-persistent-storage).
 *
 * The guest's activation and boot loader find its file systems by these names. For image files it
 * does nothing.
 *
 * Tested by: tests/qemu/install_bios.sh.
 */
#pragma once

#include "base/error.h"
#include "plan/plan.h"

/* Makes by-label, by-uuid, by-partlabel and by-partuuid links for every partition of the plan, and
 * replaces links of the same name. */
int dev_links_make(const struct plan *plan, struct error *err) WARN_UNUSED;
