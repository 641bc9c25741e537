/* SPDX-License-Identifier: MIT */
/*
 * image_root — writes what a guest has on its unmounted root file system besides the store: Nix's
 * database, the profile, folders, keys, further files and a log.
 *
 * It leaves behind what an install leaves before activation, which the guest does at its first
 * boot. There is no random seed, which the copies of an image would share.
 *
 * Host keys that are not given are left to the first boot too, in which NixOS makes them: copies of
 * an image must not share them, and RSA would not be reproducible.
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
