/* SPDX-License-Identifier: MIT */
/*
 * config_sources — reads what others have written for this install: configuration, keys, manifest.
 *
 * Files, drives, what the firmware hands over and the kernel command line go in; what the pure
 * modules make of them comes out.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "config/options.h"
#include "disk/disk.h"
#include "input/cidata.h"
#include "input/firmware_data.h"
#include "input/key_drive.h"

/* What the machine's host has left in it and attached to it. */
struct config_sources {
	struct firmware_data firmware_data;
	struct key_drive drive;
	struct cidata cidata;
};

/* Looks for the drives among the disks, marks them there, and reads everything. */
int config_sources_collect(struct disk *disks, size_t count, const char *mount_path,
	struct config_sources *ret, struct error *err) WARN_UNUSED;

/* Merges every source, the strongest last: --config or /etc/guest-installer.conf, SMBIOS strings,
 * fw_cfg, the key drive, the kernel command line, --set. */
int config_sources_read_config(const struct options *options, const struct config_sources *sources,
	struct config *ret, struct error *err) WARN_UNUSED;

/* Lays the key drive's certificates and passwords down in a folder, where a fetch finds them, and
 * says so in config. */
int config_sources_load_credentials(const struct key_drive *drive, const char *folder,
	struct config *config, struct error *err) WARN_UNUSED;

/* Whether the command line or the configuration file names an image file as the disk: then there is
 * no machine to look at, no other disk and no key drive. */
bool config_sources_name_image(const struct options *options);

/* The part of it that comes from the firmware: of SMBIOS strings the last one counts. */
void config_sources_merge_firmware_data(
	struct config *config, const struct firmware_data *firmware_data);

/* The text of authorized_keys, from malloc; NULL where configuration wants none. The keys of all
 * places that configuration allows are added together, in the order files, drive, cidata,
 * credential; one that is there twice counts once. EXIT_NO_KEY if there is no usable key. */
int config_sources_read_keys(const struct key_settings *settings,
	const struct config_sources *sources, char **ret_text, struct error *err) WARN_UNUSED;
