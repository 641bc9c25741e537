/* SPDX-License-Identifier: MIT */
/*
 * scratch — temporary files and a swap file on the target, for the time of a build.
 *
 * The folders of a live system are in memory. So temporary files are on the target, and if memory
 * is short, a swap file is, too.
 *
 * Tested by: tests/loop/nixos_install.sh.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "base/file.h"

struct scratch {
	char path[FILE_PATH_BYTES]; /* a folder for temporary files */
	pid_t swapoff_pid;	    /* the process that runs swapoff; 0: no swap file is in use */
	int lifetime_fd;	    /* closing its last copy makes that process run swapoff */
};

/* root is the mount point of the target, which has a /tmp. Files of an earlier call are removed. If
 * the swap file cannot be made, this is logged and ignored. It is in use as long as the calling
 * process lives. */
int scratch_begin(const char *root, struct scratch *ret, struct error *err) WARN_UNUSED;

/* Removes everything. -ENOMEM if swapoff fails. */
int scratch_end(struct scratch *scratch, struct error *err) WARN_UNUSED;
