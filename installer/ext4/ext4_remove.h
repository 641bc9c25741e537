/* SPDX-License-Identifier: MIT */
/*
 * ext4_remove — removes files of an unmounted ext4, by libext2fs.
 *
 * The steps are those of unlink(2): the name goes, and with the last one the blocks, the extended
 * attributes and the inode. Links on the way to the file are not followed.
 *
 * Tested by: tests/unit/test_ext4_files.c.
 */
#pragma once

#include "base/error.h"
#include "ext4/ext4_files.h"

/* Removes a regular file or a symbolic link. path is absolute and clean. 0 if there is no such
 * file; -EISDIR for a folder, -EPERM for another kind of file. */
int ext4_remove(struct ext4_files *files, const char *path, struct error *err) WARN_UNUSED;
