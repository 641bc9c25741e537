/* SPDX-License-Identifier: MIT */
/*
 * extra_files — writes further files into the guest that the configuration names.
 *
 * They are read before the first write, and written after activation, because activation may
 * replace a file by a link.
 *
 * Tested by: tests/loop/lockout.sh.
 */
#pragma once

#include "base/error.h"
#include "config/config.h"

struct extra_files {
	const struct extra_file_settings *settings;
	char *contents[CONFIG_FILES_MAX]; /* from malloc, as many as settings has files */
	size_t sizes_bytes[CONFIG_FILES_MAX];
};

/* Reads every source and keeps settings. EXIT_CONFIGURATION for one that cannot be read, and for a
 * target that the guest loses at each boot. */
int extra_files_read(const struct extra_file_settings *settings, struct extra_files *ret,
	struct error *err) WARN_UNUSED;

/* Writes them below root, 0644 and owned by root, with the folders that are missing (0755). Links
 * on the way are followed as inside the guest; none leads into the store. */
int extra_files_write(
	const struct extra_files *extra_files, const char *root, struct error *err) WARN_UNUSED;

/* Reads them back; EXIT_VERIFY for one that is missing or has another content. */
int extra_files_verify(
	const struct extra_files *extra_files, const char *root, struct error *err) WARN_UNUSED;
