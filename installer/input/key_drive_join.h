/* SPDX-License-Identifier: MIT */
/*
 * key_drive_join — adds the files that are embedded in the ISO to those of the key drive.
 *
 * Both are in memory. The configuration is not added: each has its own place among the sources.
 *
 * Tested by: tests/unit/test_key_drive_join.c.
 */
#pragma once

#include "base/error.h"
#include "input/key_drive.h"

/* Moves them to drive, which then frees them; what drive does not take stays with embedded. Public
 * keys of both are kept. Of two host keys of one name, of two ca.pem and of two netrc, that of the
 * drive is kept, and a NixOS configuration or flake on the drive replaces the whole embedded one.
 * EXIT_NO_KEY if there are too many files. */
int key_drive_join(
	struct key_drive *drive, struct key_drive *embedded, struct error *err) WARN_UNUSED;
