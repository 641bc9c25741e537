/* SPDX-License-Identifier: MIT */
/*
 * cloud_seed — fetches the files of NoCloud from the URL that ds=nocloud;s=URL names, on the kernel
 * command line or in the serial number of SMBIOS.
 *
 * The files are meta-data and user-data below the URL; both have to exist, as for cloud-init. The
 * network configuration is known before, so network-config is not fetched. Format: cloud-init's
 * documentation, "NoCloud".
 *
 * Tested by: tests/unit/test_cloud_seed.c, tests/net/guest.sh, tests/fuzz/instance_line.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "input/cloud_drive.h"
#include "net/settings.h"

#define CLOUD_SEED_URL_BYTES 4096 /* no line that it stands in is longer */

/* Finds the URL in the kernel command line, else in the serial number. False if neither has one.
 * ret_place is where it stands. */
bool cloud_seed_find(const char *command_line, const char *serial,
	char ret_url[CLOUD_SEED_URL_BYTES], const char **ret_place);

/* Fetches both files; ret is as a cidata drive then. EXIT_FETCH with a sentence if one cannot be
 * had, EXIT_CONFIGURATION if the URL is not http or https, or cannot be the start of others. */
int cloud_seed_fetch(const struct fetch_settings *settings, const char *url, const char *place,
	struct cloud_drive *ret, struct error *err) WARN_UNUSED;
