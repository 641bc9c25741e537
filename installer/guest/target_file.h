/* SPDX-License-Identifier: MIT */
/*
 * target_file — writes a file at an absolute path of the guest, while its disk is mounted.
 *
 * Links on the way are followed as inside the guest. Neither the store nor a folder in memory is
 * written to. What the files are is decided by extra_files and host_keys.
 *
 * Tested by: tests/loop/identity.sh.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Writes it with the folders that are missing (0755, root). What is there under its name is
 * replaced. -EINVAL for a path that leads into the store or to a tmpfs, the latter with
 * EXIT_CONFIGURATION. */
int target_file_write(const char *root, const char *path, const void *data, size_t size_bytes,
	mode_t mode, uid_t uid, gid_t gid, struct error *err) WARN_UNUSED;
