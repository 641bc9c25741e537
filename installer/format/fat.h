/* SPDX-License-Identifier: MIT */
/*
 * fat — makes a FAT32 file system by running mkfs.fat of dosfstools, and gives one another serial
 * number.
 *
 * The fields of the boot sector are those of Microsoft's FAT specification (fatgen103, "Boot Sector
 * and BPB").
 *
 * Tested by: tests/loop/format.sh, tests/image/first_run_from.sh.
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

/* The program is the first mkfs.fat in PATH, or that in /sbin, as in the initramfs. */
int fat_make(const struct fat_request *request, struct error *err) WARN_UNUSED;

/* Writes the serial number (XXXX-XXXX) of the FAT32 at offset_bytes of an open disk, and of the
 * copy of its boot sector. -EINVAL if there is none. */
int fat_set_serial(
	int fd, uint64_t offset_bytes, const char *serial, struct error *err) WARN_UNUSED;
