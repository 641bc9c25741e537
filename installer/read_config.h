/* SPDX-License-Identifier: MIT */
/*
 * read_config — reads the configuration, and brings the network up where it is needed.
 *
 * The two belong together: the files of ds=nocloud;s=URL are configuration that comes over the network, and a
 * faulty configuration is reported over it. config_sources merges the sources.
 *
 * Tested by: tests/net/guest.sh.
 */
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "config/options.h"
#include "input/config_sources.h"
#include "verdict/shared_state.h"

/* Fetches the files of ds=nocloud into sources, reads the configuration, and starts the network if the
 * configuration needs it. Faults of the configuration are reported to report-url, as far as they leave it. */
int read_config_and_network(const struct options *options, struct shared_state *shared,
	struct config_sources *sources, struct config *ret, struct error *err) WARN_UNUSED;
