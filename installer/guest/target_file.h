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
#include "base/file.h"

/* The folder at a path of the guest, made if it is missing, with its parents (0755, root); ret is
 * where it really is. -EINVAL for one in the store. */
int target_file_make_folder(const char *root, const char *folder, char ret[FILE_PATH_BYTES],
	struct error *err) WARN_UNUSED;

/* Writes it with the folders that are missing (0755, root). What is there under its name is
 * replaced. -EINVAL for a path that leads into the store or to a tmpfs, the latter with
 * EXIT_CONFIGURATION. */
int target_file_write(const char *root, const char *path, const void *data, size_t size_bytes,
	mode_t mode, uid_t uid, gid_t gid, struct error *err) WARN_UNUSED;
