/* SPDX-License-Identifier: MIT */
#include "read_config.h"

#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "init/run_folder.h"
#include "input/cloud_seed.h"
#include "net/network.h"
#include "verdict/progress.h"
#include "verdict/report_events.h"
#include "verdict/report_post.h"

/* Only in the lean ISO: other systems have a network of their own. */
static int bring_network_up(
	struct config_reading *reading, const struct config *config, struct error *err)
{
	int r;

	if (!reading->options->as_init || reading->network_is_up)
		return 0;
	progress_begin(reading->shared, STAGE_NETWORK, "waiting for the network");
	r = network_start(&config->ip, config->interface, err);
	reading->network_is_up = r == 0;
	return r;
}

/* Only an install is reported: plan says nothing to the server. */
static void start_reports(const struct config_reading *reading, const struct config *config)
{
	struct report_target target = { .fetch = config->cache.fetch };

	if (reading->options->command != COMMAND_INSTALL)
		return;
	memcpy(target.url, config->report_url, sizeof(target.url));
	memcpy(target.token, config->report_token, sizeof(target.token));
	report_post_prepare(reading->shared, &target);
	report_events_begin(&target);
}

int read_config_start_network(
	struct config_reading *reading, const struct config *config, bool needed, struct error *err)
{
	int r = needed || config->report_url[0] ? bring_network_up(reading, config, err) : 0;

	if (r == 0)
		start_reports(reading, config);
	if (r == 0 || needed)
		return r;
	log_line("network: %s", err->text);
	return 0;
}

/* Where ds=nocloud names a URL, its files take the place of a cidata drive's; a drive is stronger.
 * What the other sources say of the network has to be enough for them. config is scratch. */
static int fetch_seed(struct config_reading *reading, struct config_sources *sources,
	struct config *config, struct error *err)
{
	char url[CLOUD_SEED_URL_BYTES];
	const char *place;
	int r;

	if (!cloud_seed_find(sources->command_line, sources->firmware_data.serial, url, &place))
		return 0;
	if (sources->cidata.found) {
		log_line("warning: ds=nocloud %s: s is ignored, because there is a cidata drive",
			place);
		return 0;
	}
	config_sources_read_network(reading->options, sources, config);
	r = config_sources_load_credentials(&sources->drive, RUN_FOLDER, config, err);
	if (r < 0)
		return r;
	r = bring_network_up(reading, config, err);
	if (r < 0)
		return r;
	return cloud_seed_fetch(&config->cache.fetch, url, place, &sources->cidata, err);
}

/* What is wrong with the configuration is reported, too, as far as it says where. */
static int report_fault(int r, struct config_reading *reading, const struct config *config)
{
	struct error none;

	if (config->report_url[0])
		(void)!read_config_start_network(reading, config, false, &none);
	reading->shared->stage = STAGE_CONFIGURATION;
	return r;
}

int read_config(struct config_reading *reading, struct config_sources *sources, struct config *ret,
	struct error *err)
{
	struct error none;
	int kept, r = fetch_seed(reading, sources, ret, err);

	if (r < 0) {
		if (reading->network_is_up)
			start_reports(reading, ret);
		return r;
	}
	r = config_sources_read_config(reading->options, sources, ret, err);
	kept = config_sources_load_credentials(
		&sources->drive, RUN_FOLDER, ret, r < 0 ? &none : err);
	if (r == 0)
		r = kept;
	if (r < 0)
		return report_fault(r, reading, ret);
	reading->shared->timeout_s = ret->timeout_s;
	reading->shared->on_success = ret->on_success;
	reading->shared->on_failure = ret->on_failure;
	return 0;
}
