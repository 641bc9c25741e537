/* SPDX-License-Identifier: MIT */
/*
 * ext4_files — adds folders, files and links to an unmounted ext4, by libext2fs.
 *
 * For the few files of a guest besides its store, which ext4_image writes. One thread writes them
 * in the order of the calls, so the same calls give the same bytes. Paths are absolute and clean;
 * the module does not follow links.
 *
 * Tested by: tests/unit/test_ext4_files.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct struct_ext2_filsys;

struct ext4_files {
	struct struct_ext2_filsys *fs;
};

/* Mode, owner and the time of the last change (seconds since the epoch). */
struct ext4_access {
	mode_t mode; /* without the type */
	uid_t uid;
	gid_t gid;
	int64_t mtime_s;
};

/* Opens the ext4 at offset_bytes of an image file or a device for writing. */
int ext4_files_open(struct ext4_files *ret, const char *path, uint64_t offset_bytes,
	struct error *err) WARN_UNUSED;

/* Writes everything and releases it, also on failure; the caller syncs the file (ext4_open). */
int ext4_files_close(struct ext4_files *files, struct error *err) WARN_UNUSED;

/* What is done between opening and closing. */
typedef int ext4_change_fn(struct ext4_files *files, void *userdata, struct error *err);

/* Opens it, calls change, and closes it, also on failure. The first error counts. */
int ext4_files_change(const char *path, uint64_t offset_bytes, ext4_change_fn *change,
	void *userdata, struct error *err) WARN_UNUSED;

/* Makes a folder, or sets mode, owner and time of one that is there; the root is the empty path.
 * Missing parents are made, with mode 0755 and owner root. -ENOTDIR if there is another kind of
 * file under its name. */
int ext4_files_make_folder(struct ext4_files *files, const char *path,
	const struct ext4_access *access, struct error *err) WARN_UNUSED;

/* Writes a new file or a new symbolic link, with missing parents as above. -EEXIST. */
int ext4_files_write(struct ext4_files *files, const char *path, const void *data,
	size_t size_bytes, const struct ext4_access *access, struct error *err) WARN_UNUSED;
int ext4_files_link(struct ext4_files *files, const char *path, const char *target, int64_t mtime_s,
	struct error *err) WARN_UNUSED;

/* The same as ext4_files_write, with the content of a file of the host. */
int ext4_files_copy(struct ext4_files *files, const char *path, const char *from,
	const struct ext4_access *access, struct error *err) WARN_UNUSED;
