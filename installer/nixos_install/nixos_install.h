/* SPDX-License-Identifier: MIT */
/*
 * nixos_install — builds the system on the mounted target with the live system's
 * nixos-generate-config and nixos-install.
 *
 * They fill the store, the Nix database and the system profile. Activation, keys, boot loader and
 * verification are the same as for a copied closure.
 *
 * Tested by: tests/loop/nixos_install.sh, tests/qemu/nixos_install.sh.
 */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "nixos_install/build_request.h"
#include "plan/plan.h"
#include "verdict/shared_state.h"

/* Writes a configuration to <root>/etc/nixos and builds it, or builds the flake or takes the system
 * of the request. ret_system is the store path of the system in the profile. Codes: EXIT_COPY, with
 * the reason that Nix printed; EXIT_TARGET_FULL if the target has no free space. */
int nixos_install_run(struct shared_state *shared, const struct build_request *build_request,
	const struct config *config, const struct plan *plan, const char *ssh_keys_text,
	const char *root, char ret_system[256], struct error *err) WARN_UNUSED;
