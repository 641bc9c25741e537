/* SPDX-License-Identifier: MIT */
/*
 * disk_key — the forms in which the configuration chooses a disk.
 *
 * Pure. classify and select apply them.
 *
 * Tested by: tests/unit/test_disk_key.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum disk_key_kind {
	DISK_KEY_AUTO,	   /* "auto": the one blank disk */
	DISK_KEY_SMALLEST, /* the smallest of the blank disks */
	DISK_KEY_LARGEST,
	DISK_KEY_SIZE,	 /* "size:>20G": the one blank disk of such a size */
	DISK_KEY_SERIAL, /* "serial:NAME" */
	DISK_KEY_PATH,	 /* "/dev/sda", an image file */
};

enum disk_key_compare {
	DISK_KEY_LESS,
	DISK_KEY_LESS_OR_EQUAL,
	DISK_KEY_EQUAL,
	DISK_KEY_GREATER_OR_EQUAL,
	DISK_KEY_GREATER,
};

struct disk_key {
	enum disk_key_kind kind;
	const char *name;	       /* of the kinds serial and path; a part of the parsed text */
	enum disk_key_compare compare; /* of the kind size */
	uint64_t size_bytes;
};

/* Parses a value of the key disk. Sizes are whole numbers with the suffix K, M, G, T or none
 * (bytes), as powers of 1024. -EINVAL if the text has none of the forms. */
int disk_key_parse(const char *text, struct disk_key *ret) WARN_UNUSED;

/* Whether the text names one disk: by path or by serial number. */
bool disk_key_is_name(const char *text);

/* Whether a disk of this size is of the size that the key asks for; true for every other kind. */
bool disk_key_fits(const struct disk_key *key, uint64_t size_bytes);
