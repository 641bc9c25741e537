/* SPDX-License-Identifier: MIT */
/*
 * configuration — the NixOS configuration that says what a guest's disk and its owner need.
 *
 * Pure: the plan, a name and the keys go in, the text of a module comes out. What the guest is for
 * is said by a configuration of its owner's beside it.
 */
#pragma once

#include "plan/plan.h"

/* configuration.nix: imports what the three files beside it say. */
extern const char nixconfig_configuration[];

/* guest-installer.nix, from malloc: it imports the layout's module (layout_modules.h) from the folder
 * guest-installer and forces what the disk demands. hostname may be empty; ssh_keys_text is the text of
 * an authorized_keys file for plan->keys_user, NULL for none. */
char *configuration_guest(const struct plan *plan, const char *hostname, const char *ssh_keys_text);
