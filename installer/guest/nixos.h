/* SPDX-License-Identifier: MIT */
/*
 * nixos — what makes a store into a NixOS system: folders, profile, keys, activation, boot loader.
 *
 * Leaves behind what nixos-install does (nixpkgs, nixos-install.sh, nixos-enter,
 * switch-to-configuration). All paths are below root, where the target is mounted.
 *
 * Tested by: tests/unit/test_nixos.c, tests/loop/images.sh, tests/fuzz/account.c.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "guest/chroot.h"
#include "plan/manifest.h"

/* The folders that are there before the first store path, each parent before what it holds. The
 * root is the empty path. A NULL path ends the table. All belong to root. */
struct nixos_folder {
	const char *path;
	mode_t mode;
	gid_t gid;
};
extern const struct nixos_folder nixos_folders[];

/* Makes them. Their owners and modes are set. */
int nixos_make_tree(const char *root, struct error *err) WARN_UNUSED;

/* The profile `system`, its first generation. */
int nixos_link_profile(const char *root, const char *system, struct error *err) WARN_UNUSED;

/* /etc/NIXOS, /etc/mtab, and a seed for the guest's random numbers. */
int nixos_prepare(const char *root, struct error *err) WARN_UNUSED;

/* Runs activate and systemd-tmpfiles; their failures are logged and tolerated, as nixos-install
 * does. A system without an activation script is left to its first boot. */
int nixos_activate(
	const struct chroot_session *session, const char *system, struct error *err) WARN_UNUSED;

/* Runs switch-to-configuration boot; or, for a system without that program, the installer of the
 * boot loader that the manifest names, which it would run. Without a boot loader either may be
 * missing. */
int nixos_install_boot_loader(const struct chroot_session *session, const struct manifest *manifest,
	struct error *err) WARN_UNUSED;

/* Removes the machine-id that activation has made: the guest makes its own at its first boot. */
int nixos_forget_machine_id(const char *root, struct error *err) WARN_UNUSED;

/* The log so far as /var/log/guest-installer.log, 0600, wherever the guest has that folder. */
int nixos_save_log(const char *root, struct error *err) WARN_UNUSED;

/* A user of the guest as /etc/passwd has it after activation. */
struct nixos_user {
	unsigned uid, gid;
	char home[256];
	char shell[256]; /* empty: the guest's /bin/sh */
};
int nixos_find_user(
	const char *root, const char *name, struct nixos_user *ret, struct error *err) WARN_UNUSED;

/* The names of all groups of a user, with blanks between, as /etc/group and the user's own number
 * have them; as many as fit. Without that file there are none. */
int nixos_find_groups(const char *root, const char *name, const struct nixos_user *user, char *ret,
	size_t ret_bytes, struct error *err) WARN_UNUSED;

/* ~user/.ssh/authorized_keys, 0600 in a folder of 0700, owned by the user. For accounts that the
 * guest creates at boot, the home is made too. */
int nixos_write_keys(const char *root, const char *user, const struct boot_accounts *accounts,
	const char *text, struct error *err) WARN_UNUSED;
