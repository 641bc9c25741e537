/* SPDX-License-Identifier: MIT */
/*
 * firmware_data — what a host hands over without a drive: SMBIOS strings and fw_cfg files.
 *
 * Read from /sys (Linux Documentation/ABI/testing/sysfs-firmware-dmi-entries and
 * sysfs-firmware-qemu_fw_cfg; /sys/class/dmi/id). What they mean is decided by config_sources,
 * smbios and instance_line.
 *
 * Tested by: tests/unit/test_config_sources.c.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

#define FIRMWARE_STRINGS_MAX 256

struct firmware_data {
	char *strings[FIRMWARE_STRINGS_MAX]; /* of all SMBIOS tables of type 11, in their order */
	size_t string_count;
	char serial[1024]; /* of the system, SMBIOS type 1; empty if there is none */
	char *config_text; /* fw_cfg opt/org.guest-installer/config with a NUL; NULL: none */
	size_t config_bytes;
	char *credential_text; /* fw_cfg opt/io.systemd.credentials/ssh.authorized_keys.root, likewise */
	size_t credential_bytes;
};

/* sys is "/sys", or a folder that looks like it. What is not there is no error; what cannot be read
 * or is too large is one, with EXIT_CONFIGURATION. */
int firmware_data_read(const char *sys, struct firmware_data *ret, struct error *err) WARN_UNUSED;

void firmware_data_free(struct firmware_data *firmware_data);
