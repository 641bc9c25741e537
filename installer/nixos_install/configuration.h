/* SPDX-License-Identifier: MIT */
/*
 * configuration — writes the NixOS module for a guest's disk, host name and SSH keys.
 *
 * Pure: the plan, a name and the keys go in, the text of a module comes out. The rest of the guest
 * is configured by the owner's own configuration beside it.
 *
 * Tested by: tests/unit/test_configuration.c, tests/nixpkgs/target.sh.
 */
#pragma once

#include "plan/plan.h"

/* configuration.nix: imports the three files beside it. */
extern const char nixconfig_configuration[];

/* guest-installer.nix, from malloc: it imports the layout's module (layout_modules.h) from the
 * folder guest-installer and forces what the disk demands. hostname may be empty; ssh_keys_text is
 * the text of an authorized_keys file for plan->keys_user, NULL for none. */
char *configuration_guest(const struct plan *plan, const char *hostname, const char *ssh_keys_text);
