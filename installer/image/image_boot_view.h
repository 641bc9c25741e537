/* SPDX-License-Identifier: MIT */
/*
 * image_boot_view — shows what the boot of a guest reads of its system: boot.json, init, the
 * kernel, the initrd and those of its specialisations.
 *
 * What they mean is decided by boot_files and bootspec.
 *
 * Tested by: tests/image/direct.sh.
 */
#pragma once

#include "base/error.h"
#include "guest/boot_files.h"
#include "image/image_view.h"

/* ret: what boot_files_read says. */
int image_boot_view_show(struct image_view *view, const char *system, struct boot_files *ret,
	struct error *err) WARN_UNUSED;

/* The text of the system's boot.json, from malloc. -ENOENT if it has none. */
int image_boot_view_read_spec(struct image_view *view, const char *system, char **ret,
	size_t *ret_bytes, struct error *err) WARN_UNUSED;
