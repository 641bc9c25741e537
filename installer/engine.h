/* SPDX-License-Identifier: MIT */
/*
 * engine — where the system comes from: a closure that is copied from a binary cache, or a system
 * that the live system's nixos-install builds on the target.
 *
 * This module calls what each engine does. The steps that both need are in install_steps. Elsewhere
 * only checks of the configuration, the plan and target_fill depend on the engine.
 *
 * Tested by: tests/unit/test_engine.c, tests/net/client.c.
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
	struct manifest manifest;	    /* of the closure, or the one assumed for the layout */
	struct closure closure;		    /* engine cache */
	int64_t source_date_s;		    /* engine cache: when the store paths are registered */
	struct build_request build_request; /* engine nixos-install */
};

/* Reads the manifest and the closure, or the build request, and sets needs->nar_bytes and
 * needs->files. Writes nothing. */
int engine_read(const struct config *config, const struct key_drive *drive, struct engine *ret,
	struct plan_needs *needs, struct error *err) WARN_UNUSED;

/* Engine cache: copies the closure into the unmounted root file system. */
int engine_copy(struct shared_state *shared, struct engine *engine, const struct config *config,
	const struct plan *plan, struct error *err) WARN_UNUSED;

/* On the mounted target: registers the copied paths, or builds the system. Afterwards the profile
 * leads to plan->system. */
int engine_settle(struct shared_state *shared, const struct engine *engine,
	const struct config *config, const char *ssh_keys_text, struct plan *plan,
	struct error *err) WARN_UNUSED;

/* The closure that the verification expects. NULL: the paths that Nix has registered. */
const struct closure *engine_closure(const struct engine *engine);

/* Reads the manifest of the key manifest. Without the key, and with a layout that needs no boot
 * loader, assumes one for the key system. */
int engine_read_manifest(
	const struct config *config, struct manifest *ret, struct error *err) WARN_UNUSED;
