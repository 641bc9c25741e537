/* SPDX-License-Identifier: MIT */
/*
 * image_folder — the private folder of the host in which an image's temporary files are.
 *
 * Tested by: tests/image/output.sh.
 */
#pragma once

#include "base/error.h"

#define IMAGE_FOLDER_BYTES 512

/* Makes it in $TMPDIR, or else in /tmp; only this user can enter it. */
int image_folder_make(char ret[IMAGE_FOLDER_BYTES], struct error *err) WARN_UNUSED;

/* Removes it with everything in it. Links are removed, not followed. An error is only logged. */
void image_folder_remove(const char *folder);
