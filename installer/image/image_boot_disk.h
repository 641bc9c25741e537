/* SPDX-License-Identifier: MIT */
/*
 * image_boot_disk — writes the unmounted boot disk of the layout pygrub: kernel, initrd and menu.
 *
 * The menu is pygrub_disk's. A guest with GRUB writes its own at its next nixos-rebuild.
 *
 * Tested by: tests/image/direct.sh.
 */
#pragma once

#include "base/error.h"
#include "guest/boot_files.h"
#include "image/image_request.h"
#include "image/image_view.h"

/* view shows the kernel and the initrd of files already. */
int image_boot_disk_fill(const struct image_request *request, struct image_view *view,
	const struct boot_files *files, struct error *err) WARN_UNUSED;
