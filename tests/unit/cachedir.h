/* SPDX-License-Identifier: MIT */
/*
 * cachedir — a binary cache in a folder of its own, with a key that signs it, for the tests.
 */
#pragma once

#include <stddef.h>

#include "nix/cache_settings.h"
#include "nix/narinfo.h"

struct cachedir {
	char path[64];
	char trusted_key[128]; /* "test-1:<base64>" */
	void *key;
};

/* A new folder with nix-cache-info. Everything here aborts where it fails. */
void cachedir_make(struct cachedir *cache);
void cachedir_remove(struct cachedir *cache);

/* The file name below the cache. */
void cachedir_write(const struct cachedir *cache, const char *name, const void *data, size_t size);

/* What a narinfo is made of. */
struct cachedir_entry {
	const char *name;	/* base name */
	const char *references; /* base names with blanks between; NULL for none */
	const void *nar;
	size_t nar_bytes;
	enum compression compression;
	bool is_unsigned;
};

/* Writes the NAR and its signed narinfo. */
void cachedir_add(const struct cachedir *cache, const struct cachedir_entry *entry);

/* Replaces a text in the narinfo of a path. */
void cachedir_change(
	const struct cachedir *cache, const char *name, const char *from, const char *to);

/* A configuration with this cache and its key. */
void cachedir_config(const struct cachedir *cache, struct cache_settings *ret);

/* A folder below /tmp, and what removes it with all it holds. */
void cachedir_scratch(char path[64]);
void cachedir_remove_tree(const char *path);
