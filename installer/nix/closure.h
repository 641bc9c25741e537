/* SPDX-License-Identifier: MIT */
/*
 * closure — the graph of store paths below a system, as the binary caches describe it.
 *
 * Walks narinfos from the system's store path and checks each one's signature. Reads metadata
 * only; copying is copy's.
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
	size_t cache;	  /* index into the configuration's caches: where its archive comes from */
	unsigned damaged; /* bits: caches whose archive is not what it should be */
	char *other_text; /* what info.url points into if it is another cache's; NULL if not */
};

struct closure {
	struct closure_path
		*paths; /* the system first; every reference of every path is among them */
	size_t count;
	uint64_t nar_bytes; /* sum */
	uint32_t *slots;    /* hash table: index into paths plus one, 0 if free */
	size_t slot_count;  /* a power of two, at least twice count */
};

/* Codes: EXIT_FETCH (not found, unreadable), EXIT_VERIFY (signature). Uses config's caches,
 * trusted_keys, trust_anything. *ret is to be freed by closure_free on success only. */
int closure_walk(const struct cache_settings *settings, const char *system, struct closure *ret,
	struct error *err) WARN_UNUSED;

/* Index of a store path or base name, or -1. */
ssize_t closure_find(const struct closure *closure, const char *path_or_base_name);

void closure_free(struct closure *closure);
