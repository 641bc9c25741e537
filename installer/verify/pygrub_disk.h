/* SPDX-License-Identifier: MIT */
/*
 * pygrub_disk — the boot disk of the layout pygrub: the menu on it, and whether pygrub would start
 * the system from there.
 *
 * What pygrub reads out of a menu is pygrub's, what Xen starts pvkernel's.
 */
#pragma once

#include "base/error.h"
#include "guest/boot_files.h"

/* Where the boot disk is mounted in the target. */
#define PYGRUB_BOOT_FOLDER "/boot"

/* Where the guest brings no GRUB: copies the system's kernel and initrd to the boot disk and writes
 * grub.cfg with one entry. Nothing is done where there is a menu already. */
int pygrub_disk_write_menu(const char *root, const char *system, struct error *err) WARN_UNUSED;

/* EXIT_VERIFY if the menu that pygrub finds first does not start the system with the kernel and
 * the initrd that files names in the store, byte for byte. */
int pygrub_disk_verify(const char *root, const char *system, const struct boot_files *files,
	struct error *err) WARN_UNUSED;
