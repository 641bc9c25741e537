/* SPDX-License-Identifier: MIT */
/*
 * cloud_config — SSH keys from the files of cloud-init's NoCloud data source.
 *
 * Pure. Of user-data in the form #cloud-config the keys count (ssh_authorized_keys, here and of
 * each user), of meta-data public-keys; all of them are keys of keys-user. An install is no first
 * boot: everything else is ignored, and named for the caller to warn of. Formats: cloud-init's
 * documentation, "Cloud config", "NoCloud" and "Instance metadata".
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "input/ssh_keys.h"

#define CLOUD_CONFIG_IGNORED_BYTES 512

/* Each adds the keys of one file to keys and writes what it has ignored into ret_ignored: names
 * joined by ", ", empty if there are none. name stands in errors. -EINVAL with EXIT_CONFIGURATION
 * for bad YAML, with EXIT_NO_KEY for a bad key. */
int cloud_config_user_data(struct ssh_keys *keys, const char *name, const char *text,
	size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES],
	struct error *err) WARN_UNUSED;
int cloud_config_meta_data(struct ssh_keys *keys, const char *name, const char *text,
	size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES],
	struct error *err) WARN_UNUSED;
