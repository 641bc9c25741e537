/* SPDX-License-Identifier: MIT */
/*
 * closure_walk — reads the closure of a system from the binary caches.
 *
 * Traverses narinfos from the system's store path and verifies each one. Reads metadata only. Copy
 * reads the archives.
 *
 * Tested by: tests/unit/test_closure.c, tests/net/client.sh.
 */
#pragma once

#include "base/error.h"
#include "nix/cache_settings.h"
#include "nix/closure.h"

/* Reads the closure of a store path, and of a second one, which is not part of the system but
 * needed for its installation (empty: none). The caller frees ret by closure_free on success only.
 * Codes: EXIT_FETCH (not found, unreadable), EXIT_VERIFY (signature), EXIT_CONFIGURATION. */
int closure_walk(const struct cache_settings *settings, const char *system, const char *second,
	struct closure *ret, struct error *err) WARN_UNUSED;
