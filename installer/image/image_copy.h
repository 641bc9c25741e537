/* SPDX-License-Identifier: MIT */
/*
 * image_copy — copies a disk image to a new file: as a reflink where the file system has that
 * (ioctl_ficlonerange(2)), else what is no hole; a qcow2 image by qemu-img.
 *
 * Tested by: tests/image/clone.sh.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "image/image_file.h"

/* Whether the file is of the format qcow2. EXIT_CONFIGURATION if it is neither a file nor a disk,
 * or if a program such as QEMU has it open and locked. */
int image_copy_check(const char *path, bool *ret_qcow2, struct error *err) WARN_UNUSED;

/* Makes a file without a name in a folder with the content of a raw or a qcow2 image. */
int image_copy_make(const char *path, bool qcow2, const char *folder, struct image_file *ret,
	struct error *err) WARN_UNUSED;
