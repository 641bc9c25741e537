/* SPDX-License-Identifier: MIT */
/*
 * image_view — copies files of an unmounted root file system to a folder of the host, under the
 * same paths, so that modules which read a mounted target can read them there.
 *
 * Links are copied as links, and what they lead to is copied too. Owners are not kept, and of modes
 * only whether the owner may execute: ext4_reader returns the real ones. Nothing of the image is
 * changed.
 *
 * Tested by: tests/image/direct.sh.
 */
#pragma once

#include "base/error.h"
#include "base/file.h"
#include "ext4/ext4_reader.h"
#include "plan/plan.h"

struct image_view {
	char root[FILE_PATH_BYTES]; /* the folder */
	struct ext4_reader reader;
};

/* Opens the ext4 of the plan with this index, and makes the folder, below one that no other user
 * can write to, unless it is there. */
int image_view_open(const struct plan *plan, size_t index, const char *folder,
	struct image_view *ret, struct error *err) WARN_UNUSED;
void image_view_close(struct image_view *view);

/* Copies what is at a path, with every link on the way to it. Of a folder only the folder itself
 * comes. An error for a missing file is that of file_is_missing. */
int image_view_show(struct image_view *view, const char *path, struct error *err) WARN_UNUSED;

/* The same for a file that may be missing. */
int image_view_show_optional(
	struct image_view *view, const char *path, struct error *err) WARN_UNUSED;

/* The same for a folder and what is directly in it. Links that lead to nothing are left out. */
int image_view_show_folder(
	struct image_view *view, const char *path, struct error *err) WARN_UNUSED;
