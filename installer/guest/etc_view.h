/* SPDX-License-Identifier: MIT */
/*
 * etc_view — shows below the target the /etc that the booted guest will have.
 *
 * Some guests mount /etc at boot: an image in the system (erofs) and a folder with the content of
 * large files, below a writable layer or none (nixpkgs,
 * nixos/modules/system/etc/etc-activation.nix). Others create their accounts at boot. The boot
 * itself is left to the guest; this module mounts the same file systems for the guest's programs
 * and for the verification.
 *
 * Tested by: tests/loop/boot_accounts.sh, tests/qemu/appliance.sh.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "plan/manifest.h"

/* The writable layer, on the root file system. */
#define ETC_VIEW_UPPER "/.rw-etc/upper"

/* Refuses, before the first write, a guest whose /etc the running kernel cannot mount: -ENODEV,
 * EXIT_CONFIGURATION. Without the right to mount (the command plan), nothing is checked. */
int etc_view_check_kernel(const struct manifest *manifest, struct error *err) WARN_UNUSED;

/* For a system without a manifest: finds out from the system itself how its /etc and its accounts
 * come about, and whether it has an activation script. Of accounts that are created at boot, root
 * and sshd are known then. */
void etc_view_find(const char *root, const char *system, struct manifest *manifest);

/* Mounts the overlay of a guest that has one on <root>/etc, read-only or as the guest does. */
int etc_view_mount_overlay(const char *root, const char *system, const struct manifest *manifest,
	bool read_only, struct error *err) WARN_UNUSED;

/* For the verification: mounts the overlay read-only, and above it the accounts that the guest will
 * create at boot, unless it has done so already (ret_shown false). Unmounting the target unmounts
 * it all. */
int etc_view_mount(const char *root, const char *system, const struct manifest *manifest,
	bool *ret_shown, struct error *err) WARN_UNUSED;
