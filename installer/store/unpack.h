/* SPDX-License-Identifier: MIT */
/*
 * unpack — a Nix archive's events as files of a volume.
 *
 * Makes what Nix makes: files 0444 or 0555, directories 0555, every mtime 1 (links too), owner 0:0.
 * An archive's directories are written from the inside out, each when its last entry is known; the
 * archive's root is nobody's entry until store takes it over. Nothing here can reach anything else
 * on the volume: there are no paths, only names inside the directory at hand.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ext4/allocator.h"
#include "ext4/directory.h"
#include "nix/nar.h"

struct unpack {
	struct allocator stream;
	uint32_t root_parent; /* inode of the store */
	uint32_t root;	      /* inode of what the archive is, once it has ended */
	enum entry_type root_type;
	struct directory directories[NAR_DEPTH_MAX]; /* from the root inwards */
	unsigned depth;

	/* the file being written */
	uint32_t file;
	bool executable;
	uint64_t size_bytes;
	uint64_t left_bytes;	/* not come yet */
	struct extents extents; /* so far */
	uint8_t *room;
	size_t room_bytes;
};

/* The handlers; their userdata is a struct unpack. */
extern const struct nar_events unpack_events;

/* Ready to unpack archives into the volume, one after the other. */
void unpack_open(struct unpack *ret, struct ext4_image *image);

/* The end of it: all is given to the volume. */
int unpack_close(struct unpack *unpack, struct error *err) WARN_UNUSED;

/* Frees what is held, also by an archive that broke off. What it wrote is nobody's. */
void unpack_drop(struct unpack *unpack);
