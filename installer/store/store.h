/* SPDX-License-Identifier: MIT */
/*
 * store — the entries of a volume's /nix/store.
 *
 * An archive that was unpacked is nobody's until it is entered here, which is done when its hash is
 * right; and the store is on the volume only once it is written, when all are.
 */
#pragma once

#include <pthread.h>

#include "base/error.h"
#include "ext4/directory.h"
#include "ext4/volume.h"
#include "store/unpack.h"

struct store {
	struct volume *volume;
	pthread_mutex_t lock; /* of the directory */
	struct directory directory;
};

void store_begin(struct store *ret, struct volume *volume);
void store_drop(struct store *store);

/* Makes what was unpacked last a path of this base name. Thread-safe. */
void store_enter(struct store *store, const char *name, const struct unpack *unpack);

/* Writes the directory, 0755 and root's. */
int store_write(struct store *store, struct error *err) WARN_UNUSED;
