/* SPDX-License-Identifier: MIT */
/*
 * copy — the closure's NARs from the caches into the target's store, in one sequential pass.
 *
 * Each NAR is read, decompressed, hashed and unpacked while it streams; these steps overlap on
 * as many processors as there are. Memory does not grow with the closure. Nothing is fsynced
 * file by file; the file system is written out while more comes, and the caller syncs it once more
 * before the database.
 */
#pragma once

#include "base/error.h"
#include "nix/cache_settings.h"
#include "nix/closure.h"

/* Called from copy's calling thread, at most a few times a second: NAR bytes done of all. */
typedef void copy_progress_fn(uint64_t done_bytes, uint64_t total_bytes, void *userdata);

/* Makes /nix/store in the fresh, unmounted ext4 at that place of a device or an image file. All is
 * on the disk when this returns; after a failure the file system is the empty one that it was.
 * An archive that is damaged is taken from another cache that has the same: then the copy begins
 * anew, and the closure says where the archive comes from.
 * Codes: EXIT_FETCH (reading or decompressing), EXIT_VERIFY (hash, malformed NAR),
 * EXIT_TARGET_FULL, else the stage's. */
int copy_closure(const struct cache_settings *settings, struct closure *closure, const char *path,
	uint64_t offset_bytes, copy_progress_fn *progress, void *userdata,
	struct error *err) WARN_UNUSED;
