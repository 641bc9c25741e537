/* SPDX-License-Identifier: MIT */
/*
 * prefetch — fetches archives over the network before the workers need them.
 *
 * One thread runs a fixed number of transfers in the order in which the workers will read, each
 * into a buffer of a fixed size. A transfer whose buffer is full is paused. So a worker does not
 * wait for a server's latency, and memory does not grow with the closure. Workers read local
 * archives themselves.
 *
 * Tested by: tests/net/client.sh.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

#include "base/error.h"
#include "net/fetch.h"
#include "nix/cache_settings.h"
#include "nix/closure.h"
#include "nix/fallback.h"

struct prefetch;

/* order lists the indices of the closure's paths, as the workers will read them; it has to stay,
 * as have the others. A cache that fallback has marked unresponsive is not asked. Returns 0 and
 * NULL if no path comes over the network. */
int prefetch_start(struct fallback *fallback, const struct closure *closure, const size_t *order,
	const atomic_bool *stop, struct prefetch **ret, struct error *err) WARN_UNUSED;

/* Wakes all waiting threads, which then look at stop. */
void prefetch_stop(struct prefetch *prefetch);

/* May be called when no worker uses it any longer. */
void prefetch_free(struct prefetch **prefetch);

/* Whether the archive of a path comes over the network. */
bool prefetch_covers(const struct cache_settings *settings, const struct closure_path *path);

/* Delivers the archive of order[position] in pieces, in the calling thread. Every covered position
 * must be read once and in ascending order, by any of several threads: a buffer is released only
 * when its archive was read. */
int prefetch_read(struct prefetch *prefetch, size_t position, fetch_piece_fn *piece, void *userdata,
	struct error *err) WARN_UNUSED;
