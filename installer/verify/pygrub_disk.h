/* SPDX-License-Identifier: MIT */
/*
 * pygrub_disk — the boot disk of the layout pygrub: the menu on it, and whether pygrub starts the
 * system from there.
 *
 * How pygrub reads a menu is decided by pygrub, which kernels Xen starts by pv_kernel.
 *
 * Tested by: tests/unit/test_host_boot.c, tests/loop/effects.c.
 */
#pragma once

#include "base/error.h"
#include "guest/boot_files.h"
#include "plan/plan.h"
#include "verify/boot_entry.h"

/* Where the boot disk is mounted in the target. */
#define PYGRUB_BOOT_FOLDER "/boot"

/* Copies the system's kernel and initrd to the boot disk and writes a grub.cfg with one entry, for
 * guests without GRUB. Does nothing where there is a menu already. */
int pygrub_disk_write_menu(const char *root, const char *system, struct error *err) WARN_UNUSED;

/* What it writes: the path on the boot disk of a file of the store, and the text of the menu, from
 * malloc, for a kernel and an initrd (or an empty text) on that disk. */
#define PYGRUB_MENU_PATH "/grub/grub.cfg"
void pygrub_disk_place(const char *store_file, char ret[512]);
char *pygrub_disk_menu(const struct boot_files *files, const char *kernel, const char *initrd);

/* -EBADMSG or -EINVAL if the menu that pygrub finds first does not start the plan's system with the
 * kernel and the initrd that files names in the store, byte for byte. */
int pygrub_disk_verify(const char *root, const struct plan *plan, const struct boot_files *files,
	struct boot_entry *ret, struct error *err) WARN_UNUSED;
