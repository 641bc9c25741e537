/* SPDX-License-Identifier: MIT */
/*
 * closure — reads the closure of a system from the binary caches.
 *
 * Traverses narinfos from the system's store path and verifies each one. Reads metadata only. Copy
 * reads the archives.
 *
 * Tested by: tests/unit/test_closure.c, tests/net/client.sh, tests/net/faults.sh.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "nix/cache_settings.h"
#include "nix/narinfo.h"

#define CLOSURE_PATHS_MAX 100000
#define CLOSURE_BYTES_MAX (1ULL << 60) /* of all archives; a plan can count with it */

struct closure_path {
	struct narinfo info;
	size_t cache;	  /* index into the settings' caches: the source of its archive */
	unsigned damaged; /* bit set of the caches whose archive is damaged */
	char *other_text; /* holds info.url if it came from another narinfo; else NULL */
};

struct closure {
	struct closure_path *paths; /* the system first; contains every reference of every path */
	size_t count;
	uint64_t nar_bytes; /* sum */
	uint32_t *slots;    /* hash table: index into paths plus one, 0 if free */
	size_t slot_count;  /* a power of two, at least twice count */
};

/* Reads the closure of a store path, and of a second one, which is not part of the system but needed
 * for its installation (empty: none). The caller frees ret by closure_free on success only. Codes:
 * EXIT_FETCH (not found, unreadable), EXIT_VERIFY (signature), EXIT_CONFIGURATION. */
int closure_walk(const struct cache_settings *settings, const char *system, const char *second,
	struct closure *ret, struct error *err) WARN_UNUSED;

/* The index of a store path or base name, or -1. */
ssize_t closure_find(const struct closure *closure, const char *path_or_base_name);

void closure_free(struct closure *closure);
