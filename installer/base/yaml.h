/* SPDX-License-Identifier: MIT */
/*
 * yaml — walks a YAML document with libyaml (the only file that includes it).
 *
 * Pure. The caller receives each scalar with the path that leads to it, in document order. Aliases
 * and merge keys (<<) are followed as PyYAML does, and of members with one name only the last one
 * is reported. A tag does not change the text of a scalar; one that cloud-init's loader does not
 * know is refused. Depth and the number of values are limited, so that aliases cannot multiply a
 * small text. A second document is refused.
 *
 * Tested by: tests/unit/test_yaml.c, tests/fuzz/yaml.c, tests/fuzz/peers.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define YAML_MAX_BYTES	(256 * 1024)
#define YAML_DEPTH_MAX	16
#define YAML_PATH_BYTES 256
#define YAML_VALUES_MAX 20000

/* Whether a scalar of this text is null where it is not quoted (YAML 1.1, "null"; PyYAML's
 * resolver). */
bool yaml_is_null(const char *value);

/* Takes one scalar. path is like "users[].name": names of members joined by dots, [] for an element
 * of a list. In names, characters other than letters, digits, - and _ become question marks, and
 * what does not fit is cut off. value is text without NUL; NULL announces that an element of a list
 * begins which is a mapping or a list. A negative return ends the walk. */
typedef int yaml_scalar_fn(const char *path, const char *value, void *userdata, struct error *err);

/* Errors: -EINVAL with EXIT_CONFIGURATION, the sentence as "line 3: …"; or what visit returned. */
int yaml_walk(const char *text, size_t size_bytes, yaml_scalar_fn *visit, void *userdata,
	struct error *err) WARN_UNUSED;

/* yaml_walk, or json_walk of base/json.h, whose paths have the same form. */
typedef int yaml_walk_fn(const char *text, size_t size_bytes, yaml_scalar_fn *visit, void *userdata,
	struct error *err);
