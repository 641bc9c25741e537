/* SPDX-License-Identifier: MIT */
/*
 * pygrub — the entry of a grub.cfg that Xen's pygrub starts, or the reason why it starts none.
 *
 * Pure. pygrub (Xen 4.17, tools/pygrub) reads a menu line by line. It knows one file system and no
 * variables. One word that it cannot read, in any entry, makes it refuse the whole menu. This
 * module follows its grammar exactly, so that the installer refuses what dom0 would refuse. The
 * caller checks whether the files exist.
 *
 * Tested by: tests/unit/test_pygrub.c, tests/xen/pygrub.sh, tests/fuzz/pygrub.c.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* pygrub reads no more of a file. */
#define PYGRUB_MENU_MAX_BYTES (1024 * 1024)

struct pygrub_entry {
	char title[128];
	char kernel[512]; /* path on the boot disk */
	char initrd[512]; /* the same; empty for none */
	char command_line[4096];
	unsigned kernel_line, initrd_line; /* of grub.cfg, from 1 */
};

/* The menus that pygrub looks for on the boot disk, first found first read; NULL-terminated. */
extern const char *const pygrub_menus[];

/* The entry that pygrub starts by itself; text ends in a NUL behind size_bytes. -EINVAL
 * with EXIT_VERIFY where it starts none, or where it cannot open the files of that entry. The
 * sentence has line and reason. */
int pygrub_read(const char *text, size_t size_bytes, struct pygrub_entry *ret,
	struct error *err) WARN_UNUSED;
