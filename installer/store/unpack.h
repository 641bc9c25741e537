/* SPDX-License-Identifier: MIT */
/*
 * unpack — writes the events of a Nix archive as files of an ext4 image.
 *
 * Creates what Nix creates: files 0444 or 0555, directories 0555, every mtime 1 (links too), owner
 * 0:0. A directory is written when its last entry is known, so from the inside out. The root of the
 * archive remains unreferenced until store_dir links it. Entries are added by name to the innermost
 * open directory only, so an archive cannot reach anything outside itself.
 *
 * Tested by: tests/unit/test_unpack.c, tests/fuzz/unpack.c, tests/loop/store.sh,
 * tests/fuzz/peers.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "ext4/allocator.h"
#include "ext4/directory.h"
#include "nix/nar.h"

struct unpack {
	struct allocator allocator;
	uint32_t root_parent; /* inode of the store */
	uint32_t root;	      /* inode of the archive's root, once it has ended */
	enum entry_type root_type;
	struct directory directories[NAR_DEPTH_MAX]; /* from the root inwards */
	unsigned depth;

	/* the file being written */
	uint32_t file;
	bool executable;
	uint64_t size_bytes;
	uint64_t left_bytes;	 /* not come yet */
	struct extents extents;	 /* so far */
	struct digest *contents; /* running hash of all files' contents; NULL if not wanted */
	uint8_t *space;
	size_t space_bytes;
};

/* The event handlers; their userdata is a struct unpack. */
extern const struct nar_events unpack_events;

/* Prepares to unpack archives into an area of the image, one after the other. */
void unpack_open(struct unpack *ret, struct ext4_image *image, size_t area);

/* Passes everything to the image. Required before the image is closed. */
int unpack_close(struct unpack *unpack, struct error *err) WARN_UNUSED;

/* Frees the state, also after an incomplete archive. What it wrote remains unreferenced. */
void unpack_drop(struct unpack *unpack);
