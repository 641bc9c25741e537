/* SPDX-License-Identifier: MIT */
/*
 * target — the root file system, while the store and then the guest's own programs fill it.
 *
 * What a NixOS system consists of is guest's; here are the order of its steps, and who may boot
 * the disk meanwhile.
 */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "format/claim.h"
#include "guest/extras.h"
#include "nix/closure.h"
#include "plan/plan.h"
#include "verdict/outcome.h"

#define TARGET_PATH "/run/guest-installer/target"

/* Copies the closure into the root file system, which nobody has mounted yet. */
int target_copy_store(struct outcome *outcome, const struct plan *plan, const struct config *config,
	struct closure *closure, struct error *err) WARN_UNUSED;

/* What the guest gets beside its system. */
struct target_files {
	const char *keys_text; /* authorized_keys, NULL for none */
	const struct config *config;
	const struct extras *extras;
};

/* Activation, keys, further files and boot loader, in a mount namespace that goes when they are
 * done. The gate is open only while the boot loader is installed. */
int target_run_programs(struct outcome *outcome, const struct plan *plan,
	const struct target_files *files, struct claim *claim, struct error *err) WARN_UNUSED;
