/* SPDX-License-Identifier: MIT */
/*
 * image_old_keys — removes from the copy of an image the SSH keys of all users that could log in to
 * its guest.
 *
 * These are the files that NixOS' sshd reads: authorized_keys and authorized_keys2 of each home,
 * and those of /etc/ssh/authorized_keys.d that the system does not have. Keys that the NixOS
 * configuration declares belong to the system and stay, as passwords do.
 *
 * Tested by: tests/image/clone.sh.
 */
#pragma once

#include "base/error.h"
#include "ext4/ext4_files.h"
#include "image/image_view.h"

/* Logs each file that is removed. view shows /etc/passwd, if the image has one; files is open for
 * writing on the same file system. */
int image_old_keys_remove(struct image_view *view, const char *system, struct ext4_files *files,
	struct error *err) WARN_UNUSED;
