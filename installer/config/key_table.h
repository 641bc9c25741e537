/* SPDX-License-Identifier: MIT */
/*
 * key_table — the configuration keys of keys.def: their names, what they may hold, their defaults,
 * and how a text becomes a field of struct config.
 *
 * Pure. It does not know sources and their order (merge), nor which keys go together (check).
 *
 * Tested by: tests/unit/test_config.c.
 */
#pragma once

#include "config/config.h"

/* One row of keys.def. Either value or unset is NULL, or both are. */
struct config_key_info {
	const char *name;
	const char *value;  /* the default, as a source would say it */
	const char *unset;  /* what holds without a value, in words */
	const char *values; /* what the key may hold, in words */
	const char *meaning;
};
extern const struct config_key_info config_keys[CONFIG_KEY_COUNT];

/* The key of this name, or CONFIG_KEY_COUNT. */
enum config_key key_table_find(const char *name);

/* The key whose name is nearest to a misspelt one, or CONFIG_KEY_COUNT if none is near. */
enum config_key key_table_nearest(const char *name);

/* Sets a key from its text. -EINVAL (and config untouched) if it cannot hold that. */
int key_table_set(struct config *config, enum config_key key, const char *text) WARN_UNUSED;

/* How long the source of a further file is, without the :MODE[:UID:GID] behind it; those are 0644
 * and 0 where they are not written. */
size_t key_table_file_access(
	const char *source, unsigned *ret_mode, unsigned *ret_uid, unsigned *ret_gid) WARN_UNUSED;

/* A number with the suffix K, M, G or T, as whole MiB; at most 16T, which is what the header of a
 * swap area can count. -EINVAL. */
int key_table_parse_size(const char *text, uint64_t *ret) WARN_UNUSED;

/* Whether NixOS takes this as networking.hostName: a label of RFC 1123, 2.1, or one with
 * underscores. */
bool key_table_is_hostname(const char *text);

/* Empties config and sets the defaults of keys.def. Aborts if one is no value of its key. */
void key_table_set_defaults(struct config *config);
