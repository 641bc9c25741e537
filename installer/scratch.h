/* SPDX-License-Identifier: MIT */
/*
 * scratch — room on the target for what building a system needs and an installed one does not.
 *
 * A live system's own folders are in memory. So temporary files lie on the target, and where memory
 * is short a swap file does.
 */
#pragma once

#include "error.h"
#include "file.h"

struct scratch {
	char path[FILE_PATH_BYTES]; /* a folder for temporary files */
	char swap[FILE_PATH_BYTES]; /* empty: no swap file is in use */
};

/* root is where the target is mounted; it has a /tmp. What is left there of an earlier call goes. A
 * swap file that cannot be had is done without, and logged. */
int scratch_begin(const char *root, struct scratch *ret, struct error *err) WARN_UNUSED;

/* Removes everything again. -EBUSY or -ENOMEM if the swap file cannot be given up. */
int scratch_end(struct scratch *scratch, struct error *err) WARN_UNUSED;
