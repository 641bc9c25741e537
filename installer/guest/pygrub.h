/* SPDX-License-Identifier: MIT */
/*
 * pygrub — what Xen's pygrub makes of a grub.cfg, and why it makes nothing of it.
 *
 * Pure. pygrub (Xen 4.17, tools/pygrub) reads a menu line by line, knows one file system and no
 * variables, and gives up on the whole menu over one word that it cannot read, in whichever entry.
 * This follows it word for word, so that a guest is refused here and not by dom0. Where the files
 * are there is for the caller to see.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* What pygrub reads of a file at most. */
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

/* The entry that pygrub starts with nobody watching; text ends in a NUL behind size_bytes. -EINVAL
 * with EXIT_VERIFY where it would start none, or where the files of that entry are none that it can
 * open; the sentence has line and reason. */
int pygrub_read(const char *text, size_t size_bytes, struct pygrub_entry *ret,
	struct error *err) WARN_UNUSED;
