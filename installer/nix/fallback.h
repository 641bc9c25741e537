/* SPDX-License-Identifier: MIT */
/*
 * fallback — the other caches, for an archive that the cache where its path was found does not give.
 *
 * Says whether and where another one may be asked, and believes its narinfo only if it is signed
 * and describes the archive that was decided on. Such an archive is the same bytes in every cache,
 * however they are compressed there: so worker goes on with it where the first one broke off. Which
 * caches do not answer is kept, so that not every path waits for all attempts again.
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
	atomic_bool silent[CACHES_MAX]; /* so it was, in all attempts */
};

/* config has to stay. */
int fallback_begin(
	struct fallback *ret, const struct cache_settings *settings, struct error *err) WARN_UNUSED;

/* Keeps how fetching from a cache ended. Thread-safe, as the next. */
void fallback_note(struct fallback *fallback, size_t cache, int r);

/* 0, or -ETIMEDOUT if the cache did not answer before. */
int fallback_check(const struct fallback *fallback, size_t cache, struct error *err) WARN_UNUSED;

/* Whether another cache can go on: with an archive that could not be fetched, but not with one that
 * is damaged, for some of it is on the disk already. */
bool fallback_helps(int r, const struct error *err);

/* Whether an archive was damaged: what was made of it has to go. */
bool fallback_is_damage(int r);

/* The narinfo of the same archive from one cache; ret is to be freed by narinfo_free on success
 * only. -ENOENT, with EXIT_FETCH and what is wrong, if it has none that can be believed. */
int fallback_ask(struct fallback *fallback, struct fetch *fetch, size_t cache,
	const struct narinfo *decided, struct narinfo *ret, struct error *err) WARN_UNUSED;
