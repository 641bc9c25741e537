/* SPDX-License-Identifier: MIT */
/*
 * systemd_boot — whether systemd-boot on an ESP starts the installed system.
 *
 * It reads the ESP: the program itself, loader.conf, the entries and the unified kernel images, and
 * compares the files of the entry that starts by itself with those of the store. Which entry that
 * is is decided by loader_entries. Nothing is written.
 *
 * Tested by: tests/loop/boot_menus.c.
 */
#pragma once

#include "base/error.h"
#include "guest/boot_files.h"
#include "plan/plan.h"

/* root: where the target is mounted; esp: the mount path of the ESP inside it. -EBADMSG, -EINVAL or
 * -ENOENT with a sentence. */
int systemd_boot_verify(const char *root, const char *esp, const struct plan *plan,
	const struct boot_files *files, struct error *err) WARN_UNUSED;
