/* SPDX-License-Identifier: MIT */
/*
 * image_owner — what makes one guest of an image: machine-id, host keys, SSH keys and given files,
 * on its unmounted root file system.
 *
 * As systemd asks of images that may be copied ("Building Images Safely"), /etc/machine-id says
 * "uninitialized" (machine-id(5), "First Boot Semantics"), so that each copy makes its own, even
 * after a first boot that was interrupted.
 *
 * Tested by: tests/image/direct.sh, tests/image/clone.sh.
 */
#pragma once

#include "base/error.h"
#include "image/image_writer.h"

/* Writes what the request has. The view shows the store. */
int image_owner_add(struct image_writer *writer, struct error *err) WARN_UNUSED;

/* Writes the guest's log of how it was made; what the console shows has times and paths of the
 * host, which differ between two runs. how: behind "made this disk"; more: further lines. */
int image_owner_add_log(struct image_writer *writer, const char *how, const char *more,
	struct error *err) WARN_UNUSED;

/* Removes from the copy of an image what image_owner_add will write, the SSH keys of all users
 * (image_old_keys), and what a booted guest made for itself alone: host keys of every type, the
 * random seed and other secrets. */
int image_owner_remove(struct image_writer *writer, struct error *err) WARN_UNUSED;
