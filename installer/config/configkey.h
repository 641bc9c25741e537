/* SPDX-License-Identifier: MIT */
/*
 * configkey — the names of the configuration keys, in words what they may hold, and which one a
 * misspelt name was.
 *
 * Pure. How a text becomes a value is value's.
 */
#pragma once

#include "config/config.h"

/* What --help says of a key. */
struct config_key_info {
	const char *name;
	const char *values;
	const char *meaning;
};
extern const struct config_key_info config_keys[CONFIG_KEY_COUNT];

/* The key of this name, or CONFIG_KEY_COUNT. */
enum config_key configkey_find(const char *name);

/* The key whose name is nearest to a misspelt one, or CONFIG_KEY_COUNT if none is near. */
enum config_key configkey_near(const char *name);
