/* SPDX-License-Identifier: MIT */
/*
 * extras — further files that configuration wants in the guest, such as its configuration.nix.
 *
 * They are read before the first write, and written after activation, so that no link of the
 * system's takes their place.
 */
#pragma once

#include "base/error.h"
#include "config/config.h"

struct extras {
	char *contents[CONFIG_FILES_MAX]; /* from malloc, as many as configuration has files */
	size_t sizes_bytes[CONFIG_FILES_MAX];
};

/* Reads every source; EXIT_CONFIGURATION for one that cannot be read. */
int extras_read(const struct config *config, struct extras *ret, struct error *err) WARN_UNUSED;

/* Writes them below root, 0644 and owned by root, with the folders that are missing (0755). Links
 * on the way are followed as inside the guest; none leads into the store. */
int extras_write(const struct config *config, const struct extras *extras, const char *root,
	struct error *err) WARN_UNUSED;
