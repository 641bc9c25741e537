/* SPDX-License-Identifier: MIT */
/*
 * cloud_config — finds SSH keys in the files of cloud-init's NoCloud and OpenStack data sources.
 *
 * Pure. These keys count. In user-data of the form cloud-config: ssh_authorized_keys at the top,
 * those of the entry of users that is keys-user, those of user if it names keys-user or no user,
 * and autoinstall's ssh.authorized-keys. In meta-data: public-keys. In OpenStack's meta_data.json:
 * public_keys and keys. An install is no first boot: what neither this module nor cloud_settings
 * reads is ignored, and named for the caller to warn of. Formats: cloud-init's documentation,
 * "Cloud config", "NoCloud", "Config drive" and "Instance metadata", Ubuntu's autoinstall
 * reference, OpenStack's "Metadata service".
 *
 * Tested by: tests/unit/test_cloud_config.c, tests/fuzz/cloud_config.c.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "input/ssh_keys.h"

#define CLOUD_CONFIG_IGNORED_BYTES 512

/* What user-data of another form is ignored by begins with this. */
#define CLOUD_CONFIG_WHOLE "all of it ("

/* What keys of a user other than keys-user are ignored by, before the user's name. */
#define CLOUD_CONFIG_OTHER_USER "the keys of the user "

/* Each adds the keys of one file that are meant for user to keys and writes what it has ignored
 * into ret_ignored: names joined by ", ", empty if there are none. name stands in errors. -EINVAL
 * with EXIT_CONFIGURATION for bad YAML, with EXIT_NO_KEY for a bad key. */
int cloud_config_user_data(struct ssh_keys *keys, const char *user, const char *name,
	const char *text, size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES],
	struct error *err) WARN_UNUSED;
int cloud_config_meta_data(struct ssh_keys *keys, const char *name, const char *text,
	size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES],
	struct error *err) WARN_UNUSED;
int cloud_config_openstack(struct ssh_keys *keys, const char *name, const char *text,
	size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES],
	struct error *err) WARN_UNUSED;
