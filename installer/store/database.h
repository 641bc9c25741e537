/* SPDX-License-Identifier: MIT */
/*
 * database — writes and verifies the Nix database of the target (schema 10), by SQLite. The only
 * file that includes it.
 *
 * The database has the same dump as one that `nix-store --load-db` fills (Nix,
 * src/libstore/schema.sql). Derivers are not recorded: no signature covers them.
 *
 * Tested by: tests/unit/test_database.c, tests/loop/store.sh.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "nix/closure.h"

/* Writes <target>/nix/var/nix/db/{db.sqlite,schema} in one transaction. target_path is where the
 * root file system is mounted; registration_time in seconds since the epoch. */
int database_write(const char *target_path, const struct closure *closure,
	int64_t registration_time, struct error *err) WARN_UNUSED;

/* The contents of a database. */
struct database_size {
	uint64_t nar_bytes;
	size_t paths;
};

/* Whether there is something at a store path, on whatever holds the store. */
typedef bool database_exists_fn(const char *store_path, void *userdata);

/* The same for a store that is mounted on target_path, which is a const char pointer. */
bool database_path_exists(const char *store_path, void *target_path);

/* Reads a database that Nix has written below target_path. EXIT_VERIFY if a registered path does
 * not exist or the system is not registered; the sentence names the first such path. */
int database_verify_present(const char *target_path, const char *system, database_exists_fn *exists,
	void *userdata, struct database_size *ret, struct error *err) WARN_UNUSED;

/* Reads the database back (read-only). EXIT_VERIFY unless every path of the closure, and no
 * other, is registered with its hash, size and references; the sentence names the first that is
 * not. */
int database_verify(
	const char *target_path, const struct closure *closure, struct error *err) WARN_UNUSED;
