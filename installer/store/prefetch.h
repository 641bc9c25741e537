/* SPDX-License-Identifier: MIT */
/*
 * prefetch — archives that come over the network before a worker asks for them.
 *
 * One thread carries on a fixed number of transfers, in the order in which the workers will ask,
 * each into a buffer of a fixed size; a transfer whose buffer is full waits. So a worker does not
 * wait for a server's answer, and memory does not grow with the closure. Archives in files are left
 * to the workers.
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

/* order: indices of the closure's paths, as the workers will ask for them; it has to stay, as have
 * the others. A cache that fallback has marked unresponsive is not asked. Returns 0 and NULL if no
 * path comes over the network. */
int prefetch_start(struct fallback *fallback, const struct closure *closure, const size_t *order,
	const atomic_bool *stop, struct prefetch **ret, struct error *err) WARN_UNUSED;

/* Has all who wait look at stop. */
void prefetch_stop(struct prefetch *prefetch);

/* When no worker uses it any longer. */
void prefetch_free(struct prefetch **prefetch);

/* Whether the archive of a path comes over the network. */
bool prefetch_covers(const struct cache_settings *settings, const struct closure_path *path);

/* Hands over the archive of order[turn] in pieces, in the calling thread, once. Turns must be
 * asked for in their order, though by several threads. */
int prefetch_read(struct prefetch *prefetch, size_t turn, fetch_piece_fn *piece, void *userdata,
	struct error *err) WARN_UNUSED;
