/* SPDX-License-Identifier: MIT */
/*
 * labels — sets the labels and UUIDs of a plan's file systems, the names of their partitions where
 * the manifest fixes them, and where the guest mounts them. The configuration comes first, then the
 * manifest, then the defaults of the layout.
 *
 * Pure. A UUID that neither of them sets is derived from the seed. manifest may be NULL.
 *
 * Tested by: tests/unit/test_plan.c.
 */
#pragma once

#include "config/config.h"
#include "disk/layout.h"
#include "plan/manifest.h"
#include "plan/plan.h"

/* The labels that the plan's file systems will have, and the UUIDs that configuration or manifest
 * fix, both NULL-terminated, pointing into config and manifest: for select_request. */
struct labels_planned {
	const char *labels[5];
	const char *uuids[5];
};
void labels_planned(const struct config *config, const struct manifest *manifest,
	enum layout layout, struct labels_planned *ret);

/* The manifest's mount of /boot, if a partition of its own serves it: in the layout bios any, in
 * gpt an ext4 (a FAT /boot is the EFI system partition there). NULL if there is none. manifest may
 * be NULL. */
const struct manifest_mount *labels_find_boot(const struct manifest *manifest, enum layout layout);

/* Names the file systems of all partitions, which have their roles already. */
void labels_set(struct plan *plan, const struct config *config, const struct manifest *manifest,
	const char *seed);
