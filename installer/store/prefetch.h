/* SPDX-License-Identifier: MIT */
/*
 * prefetch — fetches archives over the network before the workers need them.
 *
 * Two threads run transfers in the order in which the workers will read. One runs those of large
 * archives, which are paused when their buffers are full. The other runs those of small archives,
 * which fit into their buffers and share an HTTP/2 connection. Number and buffers of the transfers
 * are bounded. So a worker does not wait for a server's latency, and memory does not grow with the
 * closure. Workers read local archives themselves.
 *
 * Tested by: tests/net/client.sh, tests/net/http2.sh, tests/net/odd_caches.sh.
 */
#pragma once

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/error.h"
#include "net/fetch.h"
#include "nix/cache_settings.h"
#include "nix/closure.h"
#include "nix/fallback.h"

struct prefetch;

/* The error of an archive that is longer than its narinfo says, so that it did not fit into its
 * buffer. Its worker fetches it itself. */
#define PREFETCH_TOO_LONG (-EMSGSIZE)

/* order lists the indices of the closure's paths, as the workers will read them; it has to stay, as
 * have the others. stop is set if a thread cannot be started. A cache that fallback has marked
 * unresponsive is not asked. Returns 0 and NULL if no path comes over the network. */
int prefetch_start(struct fallback *fallback, const struct closure *closure, const size_t *order,
	atomic_bool *stop, struct prefetch **ret, struct error *err) WARN_UNUSED;

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
