/* SPDX-License-Identifier: MIT */
/*
 * cloud_settings — reads settings of this installer and the host name from the files of
 * cloud-init's data sources.
 *
 * Pure. User-data of the form cloud-config may have a mapping guest-installer, whose members are
 * the keys of guest-installer.conf; a list counts as its elements joined by blanks. The host name
 * is only suggested: user-data's hostname or fqdn, else the instance's.
 *
 * Tested by: tests/unit/test_cloud_settings.c, tests/fuzz/cloud_config.c.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "config/config.h"

/* Merges the mapping guest-installer into config, whose errors are collected there with name, and
 * suggests the host name. Bad YAML is -EINVAL with EXIT_CONFIGURATION if the text mentions the
 * mapping; otherwise it is left to the reader of the keys. */
int cloud_settings_user_data(struct config *config, const char *name, const char *text,
	size_t size_bytes, struct error *err) WARN_UNUSED;

/* Suggests the host name of the instance, if none is suggested yet: of NoCloud's meta-data, and of
 * OpenStack's meta_data.json. Text that is malformed suggests none. */
void cloud_settings_meta_data(struct config *config, const char *text, size_t size_bytes);
void cloud_settings_openstack(struct config *config, const char *text, size_t size_bytes);

/* Suggests the first label of a name, if none is suggested yet and it is a host name. */
void cloud_settings_suggest_hostname(struct config *config, const char *name);
