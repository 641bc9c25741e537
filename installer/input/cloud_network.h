/* SPDX-License-Identifier: MIT */
/*
 * cloud_network — reads the network configuration of cloud-init's data sources, as far as it says
 * how the installer itself reaches a server.
 *
 * Pure. Of all interfaces the first Ethernet card with an IPv4 address or DHCP counts: an install
 * needs one. The result is the values of the keys ip and interface. What else is there is named for
 * the caller to warn of. Formats: cloud-init's documentation, "Networking config Version 1" and
 * "Version 2"; OpenStack's network_data.json (nova, doc/api_schemas/network_data.json).
 *
 * Tested by: tests/unit/test_cloud_network.c, tests/fuzz/cloud_network.c.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "input/network_cards.h"

/* network-config, version 1 or 2, with or without the member network around it. -EINVAL with
 * EXIT_CONFIGURATION for bad YAML, and for an address that is none. */
int cloud_network_config(const char *text, size_t size_bytes, struct cloud_network *ret,
	struct error *err) WARN_UNUSED;

/* network_data.json. The same errors. */
int cloud_network_data(const char *text, size_t size_bytes, struct cloud_network *ret,
	struct error *err) WARN_UNUSED;
