/* SPDX-License-Identifier: MIT */
/*
 * read_config — reads the configuration, and brings the network up where it is needed.
 *
 * The two belong together: the files of ds=nocloud;s=URL are configuration that comes over the
 * network, and a faulty configuration is reported over it. config_sources merges the sources.
 *
 * Tested by: tests/net/guest.sh.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "config/options.h"
#include "input/config_sources.h"
#include "verdict/shared_state.h"

/* What stays the same meanwhile. The network is brought up once. */
struct config_reading {
	const struct options *options;
	struct shared_state *shared;
	bool network_is_up;
};

/* Fetches the files of ds=nocloud into sources, which needs the network, and reads the
 * configuration. Faults of the configuration are reported to report-url, as far as they leave
 * it. */
int read_config(struct config_reading *reading, struct config_sources *sources, struct config *ret,
	struct error *err) WARN_UNUSED;

/* Brings the network up if it is needed or a report is to be sent, and begins the reports. A report
 * alone can be done without: it never changes the verdict. */
int read_config_start_network(struct config_reading *reading, const struct config *config,
	bool needed, struct error *err) WARN_UNUSED;
