/* SPDX-License-Identifier: MIT */
/*
 * unified_image — whether a unified kernel image on an ESP starts the kernel and the initrd of the
 * installed system.
 *
 * Formats: UAPI Group, "Unified Kernel Image (UKI)"; lanzaboote's stub, which has in .linux and
 * .initrd the paths of files on the ESP and in .linuxh and .initrdh their SHA-256. Which image
 * starts is decided by systemd_boot. Nothing is written.
 *
 * Tested by: tests/unit/test_systemd_boot.c, tests/loop/external_loaders.sh,
 * tests/fuzz/unified_image.c.
 */
#pragma once

#include "base/error.h"
#include "guest/boot_files.h"

/* root: where the target is mounted; esp: the mount path of the ESP inside it; name: the image on
 * the ESP. All return -EBADMSG, -EINVAL or -ENOENT with a sentence. */

/* The section with os-release or with the command line as text; empty if the image has none. */
int unified_image_release(const char *root, const char *esp, const char *name, char *ret,
	size_t ret_bytes, struct error *err) WARN_UNUSED;
int unified_image_options(const char *root, const char *esp, const char *name, char *ret,
	size_t ret_bytes, struct error *err) WARN_UNUSED;

/* The kernel is the store's, and the initrd is or begins with the store's: secrets are appended to
 * it. */
int unified_image_check(const char *root, const char *esp, const char *name,
	const struct boot_files *files, struct error *err) WARN_UNUSED;
