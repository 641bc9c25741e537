/* SPDX-License-Identifier: MIT */
/*
 * engine — where the system comes from: a closure that is copied from a binary cache, or a recipe
 * that the live system's nixos-install carries out on the target.
 *
 * What differs between the two engines is here and nowhere above.
 */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "input/key_drive.h"
#include "nix/closure.h"
#include "nixos_install/build_request.h"
#include "plan/manifest.h"
#include "plan/plan.h"
#include "plan/planner.h"
#include "verdict/shared_state.h"

struct engine {
	enum engine_kind engine;
	struct manifest
		manifest;	/* of the closure; or what the recipe's layout makes of a system */
	struct closure closure; /* engine cache */
	struct build_request build_request; /* engine nixos-install */
};

/* Reads all of it, and fills in how much it is: needs->nar_bytes and needs->files. */
int engine_read(const struct config *config, const struct key_drive *drive, struct engine *ret,
	struct plan_needs *needs, struct error *err) WARN_UNUSED;

/* Copies a closure into the root file system, which nobody has mounted yet; else does nothing. */
int engine_copy(struct shared_state *shared, struct engine *engine,
	const struct cache_settings *settings, const struct plan *plan,
	struct error *err) WARN_UNUSED;

/* On the mounted target: registers what was copied, or builds; then the profile leads to the
 * system, which plan->system names. */
int engine_settle(struct shared_state *shared, const struct engine *engine,
	const struct config *config, const char *ssh_keys_text, struct plan *plan,
	struct error *err) WARN_UNUSED;

/* The closure that must be there when all is done; NULL: what Nix has registered itself. */
const struct closure *engine_closure(const struct engine *engine);

/* The manifest that configuration names, or what is assumed where it names a system and a layout
 * that needs no boot loader. */
int engine_read_manifest(
	const struct config *config, struct manifest *ret, struct error *err) WARN_UNUSED;
