/* SPDX-License-Identifier: MIT */
/* Any text as the file of the configuration. */
#include <ctype.h>

#include "base/text.h"
#include "config/check.h"
#include "config/key_table.h"
#include "config/merge.h"
#include "mutate.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

/* What every module after this one relies on. */
static void check_values(const struct config *config)
{
	promised(config->layout < LAYOUT_COUNT);
	promised(config->timeout_s >= 1 && config->timeout_s <= 604800);
	promised(config->cache.cache_count >= 1 && config->cache.cache_count <= CACHES_MAX);
	promised(config->cache.trusted_key_count <= TRUSTED_KEYS_MAX);
	promised(config->cache.trust_anything == (config->cache.trusted_key_count == 0));
	promised(!config->root_label[0] || text_is_ext4_label(config->root_label));
	promised(text_is_fat_label(config->esp_label));
	promised(!config->root_uuid[0] || text_is_uuid(config->root_uuid));
	promised(!config->seed[0] || text_is_uuid(config->seed));
	promised(text_is_user_name(config->keys_user));
	promised(config->on_success <= ENDING_KEXEC && config->on_failure <= ENDING_EXIT);
	for (const char *p = config->disk; *p; p++)
		promised(!iscntrl((unsigned char)*p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct error err = FUZZ_NO_ERROR;
	struct config config;

	key_table_set_defaults(&config);
	merge_text(&config, "fuzz.conf", (const char *)data, size_bytes);
	promised((config.error_count > 0) == (config.errors[0] != '\0'));
	if (check_config(&config, &err) < 0)
		promised(fuzz_error_is_set(&err) && err.code == EXIT_CONFIGURATION);
	else
		check_values(&config);
	return 0;
}
