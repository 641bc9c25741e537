/* SPDX-License-Identifier: MIT */
/*
 * image_root — writes what a guest has on its unmounted root file system besides the store: Nix's
 * database, the profile, folders, keys, further files and a log.
 *
 * It leaves behind what an install leaves before activation, which the guest does at its first boot. As
 * systemd asks of images that may be copied ("Building Images Safely"), there is no random seed, and
 * /etc/machine-id says "uninitialized" (machine-id(5), "First Boot Semantics"), so that each copy makes
 * its own, even after a first boot that was interrupted.
 *
 * Host keys that are not given are left to the first boot too, in which NixOS makes them: copies of an
 * image must not share them, and RSA would not be reproducible.
 *
 * Tested by: tests/image/direct.sh.
 */
#pragma once

#include "base/error.h"
#include "image/image_request.h"
#include "image/image_view.h"

/* view shows the store, which has been copied. */
int image_root_fill(const struct image_request *request, struct image_view *view,
	struct error *err) WARN_UNUSED;
