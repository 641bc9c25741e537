/* SPDX-License-Identifier: MIT */
/*
 * store_path — the syntax of store paths.
 *
 * Pure. A store path is /nix/store/<32 nix32 characters>-<name> (Nix manual, "Store Path"). This
 * module does not look into a store.
 *
 * Tested by: tests/unit/test_store_path.c, tests/loop/store.sh, tests/fuzz/content_address.c.
 */
#pragma once

#define STORE_DIR	 "/nix/store"
#define STORE_HASH_CHARS 32
#define STORE_NAME_MAX	 211
#define STORE_PATH_BYTES 256 /* of any store path, with its NUL */

/* 0 if text is a well-formed store path, else -EINVAL. */
int store_path_check(const char *text);

/* The same for the part after "/nix/store/". */
int store_path_check_base_name(const char *text);

/* The part of a store path after "/nix/store/". */
const char *store_path_base_name(const char *store_path);
