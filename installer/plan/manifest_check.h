/* SPDX-License-Identifier: MIT */
/*
 * manifest_check — plans a guest on an imaginary disk, to find out whether its manifest can be
 * installed at all.
 *
 * Pure. The build of a cache and of an ISO uses it, so that nothing passes the evaluation and fails
 * in the machine. The imaginary disk is the smallest one that holds the guest, and has the name
 * that the guest's boot loader expects. The guest is planned once for each firmware that it boots
 * by.
 *
 * Tested by: tests/unit/test_manifest_check.c, tests/loop/plan.sh.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "plan/manifest.h"

/* What an install of this guest needs. */
struct manifest_check {
	uint64_t disk_bytes;	  /* the smallest disk, without a swap whose size is not known */
	uint64_t boot_disk_bytes; /* the smallest boot disk; 0 if the layout has none */
	bool wants_swap;	  /* the guest uses a swap partition, and swap is not set */
	struct error login;	  /* why the owner of the keys could not log in; empty: they can */
};

/* The planner's refusals, with its codes. Two of them are needs instead, because another source of
 * the configuration may still set the key: the size of the swap if config does not set swap, and
 * the login if it sets neither keys nor keys-user. */
int manifest_check(const struct config *config, const struct manifest *manifest,
	struct manifest_check *ret, struct error *err) WARN_UNUSED;
