/* SPDX-License-Identifier: MIT */
/*
 * copy — copies the closure's archives from the caches into the target's store, in one pass.
 *
 * Workers fetch, decompress, hash and unpack archives in parallel, one worker per processor. Their
 * number does not change what is written: the same closure gives the same bytes (copy_groups).
 * Memory does not grow with the closure. Files are not synced one by one: async_writer writes the
 * file system out meanwhile, and the caller syncs it once more before the database.
 *
 * Tested by: tests/unit/test_copy.c, tests/unit/test_copy_areas.c, tests/loop/store.sh,
 * tests/net/client.sh.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "nix/cache_settings.h"
#include "nix/closure.h"

/* Called in the calling thread a few times a second, with the archive bytes copied so far. */
typedef void copy_progress_fn(uint64_t done_bytes, uint64_t total_bytes, void *userdata);

/* Where the store is written. */
struct copy_target {
	const char *path; /* a device or an image file */
	uint64_t offset_bytes;
	unsigned workers; /* 1, 2 or 4; 0: as processors and memory allow */
};

/* Creates /nix/store in the fresh, unmounted ext4 of the target. When this returns, everything is
 * on the disk; after a failure the file system is still empty. A damaged archive is replaced by the
 * same archive of another cache: then the copy starts again, and the closure records the new
 * source. On a nearly full disk it may start again, too, with one worker. Codes: EXIT_FETCH
 * (reading or decompressing), EXIT_VERIFY (hash, malformed NAR), EXIT_TARGET_FULL, else the
 * stage's. */
int copy_closure(const struct cache_settings *settings, struct closure *closure,
	const struct copy_target *target, copy_progress_fn *progress, void *userdata,
	struct error *err) WARN_UNUSED;
