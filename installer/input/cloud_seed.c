/* SPDX-License-Identifier: MIT */
#include "input/cloud_seed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/yaml.h"
#include "input/instance_line.h"
#include "net/download.h"
#include "net/url.h"

bool cloud_seed_find(const char *command_line, const char *serial,
	char ret_url[CLOUD_SEED_URL_BYTES], const char **ret_place)
{
	*ret_place = "on the kernel command line";
	if (instance_line_nocloud(command_line, 's', ret_url, CLOUD_SEED_URL_BYTES))
		return true;
	*ret_place = "in the serial number of SMBIOS";
	return instance_line_nocloud(serial, 's', ret_url, CLOUD_SEED_URL_BYTES);
}

static int fetch_file(const struct fetch_settings *settings, const char *base, const char *name,
	struct cloud_file *ret, struct error *err)
{
	AUTO_FREE char *url = url_join(base, name);

	return download_fetch(settings, url, YAML_MAX_BYTES, &ret->text, &ret->size_bytes, err);
}

int cloud_seed_fetch(const struct fetch_settings *settings, const char *url, const char *place,
	struct cloud_drive *ret, struct error *err)
{
	struct cloud_drive seed = { .kind = CLOUD_NOCLOUD, .fetched = true, .found = true };
	AUTO_FREE char *shown = url_shown(url);
	int r;

	if (!url_is_remote(url) || !url_is_base(url))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"ds=nocloud %s: s cannot be \"%s\", because only http and https URLs without a query are fetched: correct it, or attach a cidata drive.",
			place, shown);
	r = fetch_file(settings, url, "meta-data", &seed.meta_data, err);
	if (r == 0)
		r = fetch_file(settings, url, "user-data", &seed.user_data, err);
	if (r < 0) {
		error_wrap(err, "ds=nocloud %s, whose URL s has to lead to meta-data and user-data",
			place);
		err->code = EXIT_FETCH;
		cloud_drive_free(&seed);
		return r;
	}
	log_line("cidata: meta-data and user-data of %s", shown);
	snprintf(seed.node, sizeof(seed.node), "%s", shown);
	*ret = seed;
	return 0;
}
