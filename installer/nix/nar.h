/* SPDX-License-Identifier: MIT */
/*
 * nar — parses a Nix archive as a stream of events.
 *
 * Pure. Takes pieces of any size and calls an event for each file, directory and link. Unpack
 * writes them. Every limit of the format is checked before the event that it concerns. Accepts only
 * what Nix itself writes, so the same tree always has the same bytes.
 *
 * Tested by: tests/unit/test_nar.c, tests/fuzz/nar.c, tests/fuzz/peers.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define NAR_DEPTH_MAX  2048 /* no path of Linux is deeper (PATH_MAX); the root is at depth 0 */
#define NAR_NAME_MAX   255  /* bytes of one name */
#define NAR_TARGET_MAX 4095 /* bytes of a link's target */

/* Each returns 0, or a negative errno with its sentence, which ends the parsing. name is the
 * name of the entry in the innermost open directory, NULL for the root. */
struct nar_events {
	int (*directory)(void *userdata, const char *name, struct error *err);
	int (*directory_end)(void *userdata, struct error *err);
	int (*file)(void *userdata, const char *name, bool executable, uint64_t size_bytes,
		struct error *err);
	int (*file_data)(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err);
	int (*file_end)(void *userdata, struct error *err);
	int (*link)(void *userdata, const char *name, const char *target, struct error *err);
};

struct nar; /* a parser */

struct nar *nar_new(const struct nar_events *events, void *userdata);
void nar_free(struct nar **nar);

/* Begins an archive, whatever the state of the last one. */
void nar_reset(struct nar *nar);

/* Parses the next piece. -EBADMSG with EXIT_VERIFY if the archive is malformed, or the result of an
 * event. After an error only nar_reset and nar_free are allowed. */
int nar_feed(
	struct nar *nar, const uint8_t *data, size_t size_bytes, struct error *err) WARN_UNUSED;

/* 0 if the archive is complete, else -EBADMSG with EXIT_VERIFY. */
int nar_finish(const struct nar *nar, struct error *err) WARN_UNUSED;
