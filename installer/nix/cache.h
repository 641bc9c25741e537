/* SPDX-License-Identifier: MIT */
/*
 * cache — what a binary cache says about itself and about one path.
 *
 * Forms the URLs of a cache, checks its store directory, and verifies the signature of a narinfo.
 * Which cache is asked for a path is decided by closure and fallback.
 *
 * Format: Nix manual, "Binary Cache".
 *
 * Tested by: tests/unit/test_closure.c, tests/net/odd_caches.sh, tests/fuzz/cache.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "net/download.h"
#include "net/fetch.h"
#include "nix/cache_settings.h"
#include "nix/narinfo.h"

/* The keys whose signatures are accepted. */
struct cache_trust {
	struct trusted_key keys[TRUSTED_KEYS_MAX];
	size_t key_count;
	bool anything; /* no signature is needed */
};

/* Parses the trusted keys of the settings. -EINVAL with a sentence. */
int cache_read_trust(const struct cache_settings *settings, struct cache_trust *ret,
	struct error *err) WARN_UNUSED;

/* Fetches nix-cache-info: 0 if the cache is for our store directory. EXIT_FETCH; -ETIMEDOUT if the
 * cache does not answer. */
int cache_check(struct fetch *fetch, const char *cache, struct error *err) WARN_UNUSED;

/* The URL of the narinfo of a store path, and of the archive of a narinfo; from malloc. In a
 * cache of files the URL field is the name of a file, with no character special; elsewhere it is
 * a part of a URL, or a whole one (libstore, LocalBinaryCacheStore and HttpBinaryCacheStore). */
char *cache_narinfo_url(const char *cache, const char *store_path);
char *cache_archive_url(const char *cache, const struct narinfo *info);

/* Parses and verifies the narinfo of a store path. The caller frees ret by narinfo_free on success
 * only. EXIT_FETCH (malformed, or of another path) or EXIT_VERIFY, with the URL in the sentence. */
int cache_read_narinfo(const char *cache, const char *store_path, struct download *document,
	const struct cache_trust *trust, struct narinfo *ret, struct error *err) WARN_UNUSED;
