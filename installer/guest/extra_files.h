/* SPDX-License-Identifier: MIT */
/*
 * extra_files — writes further files into the guest that the configuration names.
 *
 * They are read before the first write. They are written before the guest's activation, which may
 * need them: sops-nix and agenix decrypt with a key in a file. Activation may replace a file by a
 * link or set another mode, so each file that has changed is written again after it.
 *
 * Tested by: tests/loop/identity.sh, tests/loop/lockout.sh.
 */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "input/key_drive.h"

struct extra_files {
	const struct extra_file_settings *settings;
	char *contents[CONFIG_FILES_MAX]; /* from malloc, as many as settings has files */
	size_t sizes_bytes[CONFIG_FILES_MAX];
};

/* Reads every source and keeps settings. The key drive is mounted on mount_path for those that are
 * on it. EXIT_CONFIGURATION for one that cannot be read, and for a target that the guest loses at
 * each boot. */
int extra_files_read(const struct extra_file_settings *settings, const struct key_drive *drive,
	const char *mount_path, struct extra_files *ret, struct error *err) WARN_UNUSED;

/* Writes them below root with their modes and owners, and with the folders that are missing (0755,
 * root). Links on the way are followed as inside the guest; none leads into the store. Those below
 * /home are left out, since activation makes the homes of users only where there is nothing. */
int extra_files_write(
	const struct extra_files *extra_files, const char *root, struct error *err) WARN_UNUSED;

/* The same after activation, for those that are missing or that activation has changed. */
int extra_files_restore(
	const struct extra_files *extra_files, const char *root, struct error *err) WARN_UNUSED;

/* Reads them back; EXIT_VERIFY for one that is missing or has another content, mode or owner. */
int extra_files_verify(
	const struct extra_files *extra_files, const char *root, struct error *err) WARN_UNUSED;
