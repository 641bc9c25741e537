/* SPDX-License-Identifier: MIT */
/*
 * swap — writes the header that makes a partition a swap area, and gives one another UUID.
 *
 * One page, as Linux reads it (include/linux/swap.h, union swap_header, version 1): 1,024 bytes
 * that are not its own, then little endian
 *
 *	1024  u32 version (1)
 *	1028  u32 number of the last page
 *	1032  u32 number of bad pages (0)
 *	1036  UUID, 16 bytes
 *	1052  label, 16 bytes, NUL-padded
 *
 * and "SWAPSPACE2" as the page's last ten bytes.
 *
 * Tested by: tests/loop/swap.sh, tests/image/first_run_from.sh.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "disk/layout.h"

struct swap_request {
	const char *path;      /* a partition's node, or an image file */
	uint64_t offset_bytes; /* where it begins there; 0 on a node */
	uint64_t size_bytes;   /* whole pages, at least ten (as mkswap(8) wants) */
	const char *label;     /* up to 16 bytes */
	const char *uuid;      /* text */
};

/* Writes the header and waits until the device has it. */
int swap_make(const struct swap_request *request, struct error *err) WARN_UNUSED;

/* Writes the UUID of the swap area that begins at offset_bytes of an open disk. */
int swap_set_uuid(int fd, uint64_t offset_bytes, const char *uuid, struct error *err) WARN_UNUSED;
