/* SPDX-License-Identifier: MIT */
/*
 * fat — makes a FAT32 file system by running mkfs.fat of dosfstools.
 *
 * Tested by: tests/loop/format.sh.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

struct fat_request {
	const char *path;      /* a partition's node, or an image file */
	uint64_t offset_bytes; /* where it begins there; 0 on a node */
	uint64_t size_bytes;
	unsigned sector_bytes;
	const char *label;  /* up to 11 characters */
	const char *serial; /* XXXX-XXXX */
};

/* Starts the program once, without a disk: EXIT_CONFIGURATION if it cannot be started. */
int fat_check(struct error *err) WARN_UNUSED;

/* The program is /sbin/mkfs.fat (it lies there in the initramfs), or the first in PATH. */
int fat_make(const struct fat_request *request, struct error *err) WARN_UNUSED;
