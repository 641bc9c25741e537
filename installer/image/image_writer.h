/* SPDX-License-Identifier: MIT */
/*
 * image_writer — writes files and folders with the time of the image into its unmounted root.
 *
 * Tested by: tests/image/direct.sh.
 */
#pragma once

#include "ext4/ext4_files.h"
#include "image/image_request.h"
#include "image/image_view.h"

/* One opened root file system. */
struct image_writer {
	const struct image_request *request;
	struct image_view
		*view; /* what the file system had when it was opened; NULL if not needed */
	struct ext4_files *files;
};

/* Mode and owner, with the time of the image. */
struct ext4_access image_writer_access(
	const struct image_writer *writer, mode_t mode, uid_t uid, gid_t gid);

/* A file of root's; errors as from ext4_files_write. */
int image_writer_text(struct image_writer *writer, const char *path, const char *text, mode_t mode,
	struct error *err) WARN_UNUSED;

/* As ext4_files_make_folder. */
int image_writer_folder(struct image_writer *writer, const char *path, mode_t mode, uid_t uid,
	gid_t gid, struct error *err) WARN_UNUSED;
