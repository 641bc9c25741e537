/* SPDX-License-Identifier: MIT */
/* Any text as user-data, as meta-data and as meta_data.json.
 *
 * Modules: input/cloud_config, input/cloud_form, input/cloud_settings. */
#include "input/cloud_config.h"
#include "config/key_table.h"
#include "input/cloud_settings.h"
#include "mutate.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

typedef int read_fn(struct ssh_keys *keys, const char *name, const char *text, size_t size_bytes,
	char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES], struct error *err);

static void check(read_fn *read, const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct ssh_keys keys = { .count = 0 };
	char ignored[CLOUD_CONFIG_IGNORED_BYTES];
	struct error err = FUZZ_NO_ERROR;

	if (read(&keys, "user-data", text, size_bytes, ignored, &err) < 0)
		promised(fuzz_error_is_set(&err) &&
			 (err.code == EXIT_CONFIGURATION || err.code == EXIT_NO_KEY));
	promised(memchr(ignored, '\0', sizeof(ignored)));
	promised(!strchr(ignored, '\n'));
	ssh_keys_free(&keys);
}

static int read_user_data(struct ssh_keys *keys, const char *name, const char *text,
	size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES], struct error *err)
{
	return cloud_config_user_data(keys, "root", name, text, size_bytes, ret_ignored, err);
}

/* What is suggested as a host name is one. */
static void check_settings(const uint8_t *data, size_t size_bytes)
{
	static struct config config;
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct error err = FUZZ_NO_ERROR;

	key_table_set_defaults(&config);
	if (cloud_settings_user_data(&config, "user-data", text, size_bytes, &err) < 0)
		promised(fuzz_error_is_set(&err) && err.code == EXIT_CONFIGURATION);
	cloud_settings_meta_data(&config, text, size_bytes);
	cloud_settings_openstack(&config, text, size_bytes);
	promised(!config.suggested_hostname[0] || key_table_is_hostname(config.suggested_hostname));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	check(read_user_data, data, size_bytes);
	check(cloud_config_meta_data, data, size_bytes);
	check(cloud_config_openstack, data, size_bytes);
	check_settings(data, size_bytes);
	return 0;
}
