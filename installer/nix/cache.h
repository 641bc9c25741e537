/* SPDX-License-Identifier: MIT */
/*
 * cache — a binary cache: which store it is for, and the narinfo of a path, which is believed only
 * if it is signed.
 *
 * Format: Nix manual, "Binary Cache". Nothing is asked for here but the cache's own description;
 * which cache is asked for a path is decided by closure and fallback.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "net/download.h"
#include "net/fetch.h"
#include "nix/cache_settings.h"
#include "nix/narinfo.h"

/* Whose signatures are believed. */
struct cache_trust {
	struct trusted_key keys[TRUSTED_KEYS_MAX];
	size_t key_count;
	bool anything; /* no signature is needed */
};

/* The configuration's trusted_keys taken apart. -EINVAL with a sentence. */
int cache_read_trust(const struct cache_settings *settings, struct cache_trust *ret,
	struct error *err) WARN_UNUSED;

/* Fetches the description of a cache: 0 if it is for our store. EXIT_FETCH; -ETIMEDOUT if it does
 * not answer. */
int cache_check(struct fetch *fetch, const char *cache, struct error *err) WARN_UNUSED;

/* Where a cache has the narinfo of a store path; from malloc. */
char *cache_narinfo_url(const char *cache, const char *store_path);

/* Takes what came from there apart. ret is to be freed by narinfo_free on success only. EXIT_FETCH
 * (it is no narinfo, or another path's) or EXIT_VERIFY, with the URL in the sentence. */
int cache_read_narinfo(const char *cache, const char *store_path, struct download *document,
	const struct cache_trust *trust, struct narinfo *ret, struct error *err) WARN_UNUSED;
