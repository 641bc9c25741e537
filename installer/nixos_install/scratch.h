/* SPDX-License-Identifier: MIT */
/*
 * scratch — room on the target for what building a system needs and an installed one does not.
 *
 * A live system's own folders are in memory. So temporary files lie on the target, and where memory
 * is short a swap file does.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "base/file.h"

struct scratch {
	char path[FILE_PATH_BYTES]; /* a folder for temporary files */
	pid_t guard;		    /* who stops swapping; 0: no swap file is in use */
	int leash;		    /* once nobody holds it any more, the guard acts */
};

/* root is where the target is mounted; it has a /tmp. What is left there of an earlier call goes. A
 * swap file that cannot be had is done without, and logged; it is in use no longer than the calling
 * process lives. */
int scratch_begin(const char *root, struct scratch *ret, struct error *err) WARN_UNUSED;

/* Removes everything again. -ENOMEM if the swap file cannot be given up. */
int scratch_end(struct scratch *scratch, struct error *err) WARN_UNUSED;
