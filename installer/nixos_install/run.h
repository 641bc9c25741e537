/* SPDX-License-Identifier: MIT */
/*
 * run — a system that is built while it is installed, by the live system's own
 * nixos-generate-config and nixos-install.
 *
 * They fill the store, the Nix database and the system profile of the mounted target. Activation,
 * keys, boot loader and verification are the same as for a closure that was copied.
 */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "nixos_install/build_request.h"
#include "plan/plan.h"
#include "verdict/shared_state.h"

/* Leaves a configuration in <root>/etc/nixos and builds it (or takes what the recipe has instead);
 * ret_system is the store path of the system that the profile leads to. Codes: EXIT_COPY, with
 * Nix's own reason; EXIT_TARGET_FULL where the target has no room left. */
int nixos_install_run(struct shared_state *shared, const struct build_request *build_request,
	const struct config *config, const struct plan *plan, const char *ssh_keys_text,
	const char *root, char ret_system[256], struct error *err) WARN_UNUSED;
