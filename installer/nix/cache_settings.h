/* SPDX-License-Identifier: MIT */
/*
 * cache_settings — the binary caches to read from, and the keys to trust.
 *
 * Data only. Config fills it.
 *
 * Tested by: tests/unit/test_closure.c.
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
	bool trust_anything; /* trusted-keys = none was set explicitly */
};
