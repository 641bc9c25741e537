/* SPDX-License-Identifier: MIT */
/*
 * fallback — continues with another cache when one does not deliver an archive.
 *
 * Decides whether another cache can help, and accepts its narinfo only if it is valid and describes
 * the same archive. The same archive has the same bytes in every cache, however it is compressed,
 * so archive_source continues where the first cache broke off. A cache that failed in all attempts
 * is marked unresponsive and not asked again.
 *
 * Tested by: tests/unit/test_copy.c, tests/net/client.sh, tests/net/odd_caches.sh.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"
#include "net/fetch.h"
#include "nix/cache.h"
#include "nix/cache_settings.h"

struct fallback {
	const struct cache_settings *settings;
	struct cache_trust trust;
	atomic_bool unresponsive[CACHES_MAX]; /* failed in all attempts */
};

/* settings must outlive ret. -EINVAL with a sentence. */
int fallback_begin(
	struct fallback *ret, const struct cache_settings *settings, struct error *err) WARN_UNUSED;

/* Marks a cache as unresponsive if r, the result of a fetch from it, is -ETIMEDOUT. Thread-safe. */
void fallback_note_result(struct fallback *fallback, size_t cache, int r);

/* 0, or -ETIMEDOUT if the cache is marked unresponsive. Thread-safe. */
int fallback_check(const struct fallback *fallback, size_t cache, struct error *err) WARN_UNUSED;

/* Whether another cache can continue the archive: after a failed fetch, but not after damage,
 * because a part of the damaged archive has been written already. */
bool fallback_helps(int r, const struct error *err);

/* Whether the archive was damaged, so that what was written of it must be discarded. */
bool fallback_is_damage(int r);

/* Fetches the narinfo of the same archive from one cache. The caller frees ret by narinfo_free on
 * success only. -ENOENT with EXIT_FETCH and the reason if the cache has no valid one. */
int fallback_ask(struct fallback *fallback, struct fetch *fetch, size_t cache,
	const struct narinfo *decided, struct narinfo *ret, struct error *err) WARN_UNUSED;
