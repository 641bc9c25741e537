/* SPDX-License-Identifier: MIT */
/*
 * config_sources — reads the configuration of this install from every place that may hold it.
 *
 * Files, drives, firmware data and the kernel command line are read here, pure modules parse them.
 * The SSH keys are read by key_sources.
 *
 * Tested by: tests/unit/test_config_sources.c.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "config/options.h"
#include "disk/disk.h"
#include "input/cloud_drive.h"
#include "input/embedded_source.h"
#include "input/firmware_data.h"
#include "input/key_drive.h"
#include "input/xenstore.h"

/* What the machine's host provides: the ISO, firmware data and attached drives. */
struct config_sources {
	struct firmware_data firmware_data;
	struct xenstore_data xenstore;
	char command_line[4096];	     /* of the kernel */
	struct embedded_source embedded;     /* in the ISO */
	struct key_drive drive;		     /* with the files that are embedded in the ISO */
	struct cloud_drive cidata, config_2; /* cidata may be fetched: see cloud_seed */
	char unread[192]; /* a drive of a file system that is not read; empty: none */
};

/* Looks for the drives among the disks, marks them there, and reads everything. Floppies are read
 * if no disk is such a drive. A closure that was appended to the ISO is mounted. */
int config_sources_collect(struct disk *disks, size_t count, const char *mount_path,
	struct config_sources *ret, struct error *err) WARN_UNUSED;

/* Merges every source, the strongest last: --config or /etc/guest-installer.conf, the configuration
 * that is embedded in the ISO, the serial number of SMBIOS and its strings, fw_cfg, xenstore,
 * user-data on the config-2 and the cidata drive, the key drive, the kernel command line, --set. If
 * no source sets ip and interface, the network configuration of these drives does, if a network is
 * wanted. */
int config_sources_read_config(const struct options *options, const struct config_sources *sources,
	struct config *ret, struct error *err) WARN_UNUSED;

/* Merges every source as far as it can be read, without an error: for the network and the downloads
 * that come before the rest of the configuration. */
void config_sources_read_network(
	const struct options *options, const struct config_sources *sources, struct config *ret);

/* Merges --config, if it is given, the embedded configuration and --set, and nothing of this
 * machine: for the command check. With --config this is the whole configuration of an ISO, whose
 * keys have to go together. */
int config_sources_read_given(const struct options *options, const struct key_drive *embedded,
	struct config *ret, struct error *err) WARN_UNUSED;

/* Writes the key drive's certificates and passwords into a folder and puts their paths into config,
 * for fetch. */
int config_sources_load_credentials(const struct key_drive *drive, const char *folder,
	struct config *config, struct error *err) WARN_UNUSED;

/* Whether the command line or the configuration file names an image file as the disk. Then the
 * machine's own disks and key drives do not matter. */
bool config_sources_name_image(const struct options *options);

/* Merges the firmware's part: the serial number, SMBIOS strings in their order, so that the last
 * one wins, then fw_cfg. */
void config_sources_merge_firmware_data(
	struct config *config, const struct firmware_data *firmware_data);
