/* SPDX-License-Identifier: MIT */
/*
 * planner — computes the plan of an install.
 *
 * Pure: the configuration, the manifest, the chosen disk and the size of the closure go in. A plan
 * or a refusal comes out. Every UUID is derived from the seed, so the same seed gives the same
 * plan. guest_check decides whether the plan serves the guest.
 *
 * Tested by: tests/unit/test_plan.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "disk/disk.h"
#include "plan/manifest.h"
#include "plan/plan.h"

/* The size of the closure, and the machine that the plan is for. */
struct plan_needs {
	uint64_t nar_bytes;  /* sum over the closure, as walked */
	uint64_t files;	     /* the manifest's; 0 if unknown */
	uint64_t swap_bytes; /* the configuration's */
	uint64_t boot_bytes; /* planner_boot_bytes */
	unsigned firmware;   /* enum firmware: the one that booted this machine; 0 if unknown */
	bool on_xen;	/* this machine is a Xen domain that can be started again as a PV domain */
	bool unmounted; /* of an image that is filled without a machine (unmounted_check) */
	const struct architecture
		*architecture; /* this machine's; NULL if the plan is for another one */
};

/* The layout, before a disk is known: the configuration's, else the manifest's. Without both it is
 * pygrub on Xen, where a domain of any kind can be started again as a PV domain, and else gpt,
 * which boots by BIOS and by UEFI. In this module manifest may be NULL. EXIT_CONFIGURATION. */
int planner_layout(const struct config *config, const struct manifest *manifest, bool on_xen,
	enum layout *ret, struct error *err) WARN_UNUSED;

/* The size of the partition that the guest's /boot needs in the layouts bios and gpt. 0 if /boot is
 * a folder of the root file system, the EFI system partition, or (pygrub) a disk. */
uint64_t planner_boot_bytes(const struct manifest *manifest, enum layout layout);

/* Which host keys are made: none where the accounts are created at boot, because ssh-keygen asks
 * for the account that runs it. EXIT_CONFIGURATION if they were asked for. */
int planner_choose_host_keys(const struct config *config, const struct manifest *manifest,
	struct plan *plan, struct error *err) WARN_UNUSED;

/* The smallest size in bytes of a disk that holds this closure in this layout. */
uint64_t planner_min_bytes(enum layout layout, const struct plan_needs *needs);

/* Derives the id of the partition table from the seed, a UUID in text. Only for a layout with a
 * table. */
void planner_set_table_id(struct plan *plan, const char *seed);

/* Computes the plan and checks it against the manifest: mounts, labels, boot loader and its device,
 * firmware, SSH, architecture. boot_disk is NULL except for the layout pygrub. seed is a UUID in
 * text. Codes: EXIT_CONFIGURATION if the manifest does not fit (the sentence says what to change),
 * and EXIT_TOO_SMALL. */
int planner_make(const struct config *config, const struct manifest *manifest,
	const struct disk *disk, const struct disk *boot_disk, const struct plan_needs *needs,
	const char *seed, struct plan *ret, struct error *err) WARN_UNUSED;
