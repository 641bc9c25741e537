/* SPDX-License-Identifier: MIT */
/*
 * store_dir — the directory /nix/store of an ext4 image.
 *
 * An unpacked archive is not visible until it is linked here, after its hash was checked. The
 * directory itself is written once, when all archives are linked, with its entries in the order of
 * their names.
 *
 * Tested by: tests/unit/test_unpack.c, tests/unit/test_copy_areas.c, tests/loop/store.sh.
 */
#pragma once

#include <pthread.h>

#include "base/error.h"
#include "ext4/directory.h"
#include "ext4/ext4_image.h"
#include "store/unpack.h"

struct store_dir {
	struct ext4_image *image;
	pthread_mutex_t lock; /* of what follows */
	struct store_entry {
		const char *name;
		uint32_t inode;
		enum entry_type type;
	} * entries;
	size_t count, capacity;
};

void store_dir_begin(struct store_dir *ret, struct ext4_image *image);
void store_dir_drop(struct store_dir *store);

/* Links the archive that was unpacked last, under this base name, which has to stay.
 * Thread-safe. */
void store_dir_link(struct store_dir *store, const char *name, const struct unpack *unpack);

/* Writes the directory with mode 0755, owned by root. No allocator may be open. */
int store_dir_write(struct store_dir *store, struct error *err) WARN_UNUSED;
