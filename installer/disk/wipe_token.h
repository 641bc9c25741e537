/* SPDX-License-Identifier: MIT */
/*
 * wipe_token — derives a token from a disk and its content, by which the user allows one overwrite.
 *
 * A refusal prints the token of a disk that is not blank. The token is the same as long as nothing
 * is written to the disk, also if the disk gets another name. An install changes the content, so
 * the token allows no second one. A copy of the whole disk, with the same serial number, has the
 * same token: select refuses to choose between two such disks.
 *
 * Tested by: tests/unit/test_blank.c, tests/loop/wipe_token.sh, tests/fuzz/disk_image.c.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "disk/disk.h"

/* Reads samples of the open disk and writes the token into disk->wipe_token; "" if they cannot be
 * read. Size, serial number and all that probe has found are set before. */
void wipe_token_read(int fd, struct disk *disk);

/* Whether text has the form of a token. */
bool wipe_token_is_valid(const char *text);
