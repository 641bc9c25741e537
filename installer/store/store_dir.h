/* SPDX-License-Identifier: MIT */
/*
 * store_dir — the entries of a volume's /nix/store.
 *
 * An archive that was unpacked is nobody's until it is entered here, which is done when its hash is
 * right; and the store is on the volume only once it is written, when all are.
 */
#pragma once

#include <pthread.h>

#include "base/error.h"
#include "ext4/directory.h"
#include "ext4/ext4_image.h"
#include "store/unpack.h"

struct store_dir {
	struct ext4_image *image;
	pthread_mutex_t lock; /* of the directory */
	struct directory directory;
};

void store_dir_begin(struct store_dir *ret, struct ext4_image *image);
void store_dir_drop(struct store_dir *store);

/* Makes what was unpacked last a path of this base name. Thread-safe. */
void store_dir_enter(struct store_dir *store, const char *name, const struct unpack *unpack);

/* Writes the directory, 0755 and root's. */
int store_dir_write(struct store_dir *store, struct error *err) WARN_UNUSED;
