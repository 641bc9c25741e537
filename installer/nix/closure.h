/* SPDX-License-Identifier: MIT */
/*
 * closure — the store paths of a system, found by their names.
 *
 * closure_walk reads it from the binary caches.
 *
 * Tested by: tests/unit/test_closure.c.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
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
	size_t count, capacity;
	uint64_t nar_bytes; /* sum */
	uint32_t *slots;    /* hash table: index into paths plus one, 0 if free */
	size_t slot_count;  /* a power of two, at least twice count */
};

/* Adds the path of this base name, which nothing describes yet. 1, 0 if it is present, or
 * -E2BIG. */
int closure_add(struct closure *closure, const char *name) WARN_UNUSED;

/* The index of a store path or base name, or -1. */
ssize_t closure_find(const struct closure *closure, const char *path_or_base_name);

void closure_free(struct closure *closure);
