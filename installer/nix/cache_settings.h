/* SPDX-License-Identifier: MIT */
/*
 * cache_settings — the binary caches that are asked, and whose signatures count.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "net/settings.h"

#define CACHES_MAX	 8
#define TRUSTED_KEYS_MAX 16

struct cache_settings {
	struct fetch_settings fetch;
	char caches[CACHES_MAX][SETTINGS_TEXT_BYTES];
	size_t cache_count;
	char trusted_keys[TRUSTED_KEYS_MAX][256];
	size_t trusted_key_count;
	bool trust_anything; /* trusted-keys = none, said explicitly */
};
