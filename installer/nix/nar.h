/* SPDX-License-Identifier: MIT */
/*
 * nar — a Nix archive taken apart while it streams by.
 *
 * Pure: pieces of any size go in, events come out. It opens no file; unpack does. Every limit of
 * the format is checked before the event that it concerns, and only what Nix itself would write is
 * accepted, so the same tree always has the same bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define NAR_DEPTH_MAX  64   /* the root is at depth 0, the deepest node at 63 */
#define NAR_NAME_MAX   255  /* bytes of one name */
#define NAR_TARGET_MAX 4095 /* bytes of a link's target */

/* Each returns 0 or a negative errno with its sentence, which ends the parsing. name is the entry's
 * name in the directory entered last, NULL for the root. */
struct nar_events {
	int (*directory)(void *userdata, const char *name, struct error *err);
	int (*directory_end)(void *userdata, struct error *err);
	int (*file)(void *userdata, const char *name, bool executable, uint64_t size_bytes,
		struct error *err);
	int (*file_data)(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err);
	int (*file_end)(void *userdata, struct error *err);
	int (*link)(void *userdata, const char *name, const char *target, struct error *err);
};

struct nar; /* an archive on its way */

struct nar *nar_new(const struct nar_events *events, void *userdata);
void nar_free(struct nar **nar);

/* Ready for another archive, whatever became of the last. */
void nar_reset(struct nar *nar);

/* Takes the next piece. -EBADMSG with EXIT_VERIFY if it is not a good archive, or what an event
 * returned; nothing may be fed after an error but a reset. */
int nar_feed(
	struct nar *nar, const uint8_t *data, size_t size_bytes, struct error *err) WARN_UNUSED;

/* 0 if the archive is complete, else -EBADMSG with EXIT_VERIFY. */
int nar_finish(const struct nar *nar, struct error *err) WARN_UNUSED;
