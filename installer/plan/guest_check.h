/* SPDX-License-Identifier: MIT */
/*
 * guest_check — checks whether a plan satisfies the guest's manifest.
 *
 * Pure. It refuses, before the first write, a guest that would not boot or would not let its owner
 * log in. Every sentence says what to change.
 *
 * Tested by: tests/unit/test_plan.c.
 */
#pragma once

#include "config/config.h"
#include "plan/manifest.h"
#include "plan/plan.h"

/* Every mount of the manifest is one of the plan's partitions: type, label and UUID. */
int guest_check_mounts(
	const struct plan *plan, const struct manifest *manifest, struct error *err) WARN_UNUSED;

/* A guest that uses a swap partition gets one. */
int guest_check_swap(
	const struct plan *plan, const struct manifest *manifest, struct error *err) WARN_UNUSED;

/* The boot loader goes where this layout needs it, on this disk. */
int guest_check_boot_loader(
	const struct plan *plan, const struct manifest *manifest, struct error *err) WARN_UNUSED;

/* firmware: the one that booted us (enum firmware), 0 if unknown. */
int guest_check_firmware(const struct plan *plan, const struct manifest *manifest,
	unsigned firmware, struct error *err) WARN_UNUSED;

/* No file of the configuration goes into an /etc that nothing can write to. */
int guest_check_files(const struct config *config, const struct manifest *manifest,
	struct error *err) WARN_UNUSED;

/* Of accounts that are created at boot, the one that gets the keys is known with its numbers. */
int guest_check_accounts(const struct config *config, const struct manifest *manifest,
	struct error *err) WARN_UNUSED;

/* An SSH server runs and looks at ~/.ssh/authorized_keys of the user who gets the keys, or the
 * configuration says keys = none. */
int guest_check_ssh(const struct config *config, const struct manifest *manifest,
	struct error *err) WARN_UNUSED;
