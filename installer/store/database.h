/* SPDX-License-Identifier: MIT */
/*
 * database — the Nix database of the target (schema 10), by SQLite; the only file that includes it.
 *
 * Gives the same dump as `nix-store --load-db` would (Nix, src/libstore/schema.sql).
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "nix/closure.h"

/* Writes <target>/nix/var/nix/db/{db.sqlite,schema} in one transaction. target_path is where the
 * root file system is mounted; registration_time in seconds since the epoch. */
int database_write(const char *target_path, const struct closure *closure,
	int64_t registration_time, struct error *err) WARN_UNUSED;

/* What a database has. */
struct database_size {
	uint64_t nar_bytes;
	size_t paths;
};

/* Reads a database back that Nix has written, and sees that every path it has is there, and the
 * system among them; else EXIT_VERIFY with the first that is not. */
int database_verify_present(const char *target_path, const char *system, struct database_size *ret,
	struct error *err) WARN_UNUSED;

/* Reads the database back (read-only) and sees every path of the closure registered with its hash,
 * size and references; names the first that is not, with EXIT_VERIFY. */
int database_verify(
	const char *target_path, const struct closure *closure, struct error *err) WARN_UNUSED;
