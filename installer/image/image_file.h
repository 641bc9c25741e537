/* SPDX-License-Identifier: MIT */
/*
 * image_file — the file in which an image is made: it has no name until the image is complete, so
 * that nothing is left of an attempt that fails or is killed.
 *
 * What becomes of it is decided by image_output.
 *
 * Tested by: tests/image/output.sh.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "plan/plan.h"

struct image_file {
	int fd;				 /* -1: none */
	char path[DISK_OPEN_PATH_BYTES]; /* by which child processes can open it, too */
	bool linkable; /* the file system can give it a name afterwards (open(2), O_TMPFILE) */
};
#define IMAGE_FILE_NONE                                                                            \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* Makes a sparse file of this size in a folder. Its mode follows the umask. */
int image_file_make(const char *folder, uint64_t size_bytes, struct image_file *ret,
	struct error *err) WARN_UNUSED;
void image_file_drop(struct image_file *file);
