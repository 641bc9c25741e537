/* SPDX-License-Identifier: MIT */
/*
 * systemd_boot — whether systemd-boot on an ESP starts the installed system.
 *
 * It reads the ESP: the program itself, loader.conf, the entries and the unified kernel images, and
 * compares the files of the entry that starts by itself with those of the store. Which entry that
 * is is decided by loader_entries, what a unified kernel image starts by unified_image. Nothing is
 * written.
 *
 * Tested by: tests/unit/test_systemd_boot.c, tests/loop/boot_menus.sh,
 * tests/loop/external_loaders.sh, tests/loop/nixpkgs_menus.sh.
 */
#pragma once

#include "base/error.h"
#include "guest/boot_files.h"
#include "plan/plan.h"
#include "verify/boot_entry.h"

/* root: where the target is mounted; mount_path: that of the ESP inside it. -EBADMSG, -EINVAL or
 * -ENOENT with a sentence. */
int systemd_boot_verify(const char *root, const char *mount_path, const struct plan *plan,
	const struct boot_files *files, struct boot_entry *ret, struct error *err) WARN_UNUSED;

/* The same for an ESP that another tool has written. If the EFI program is a unified kernel image,
 * it starts the system. If it is neither that nor systemd-boot, the entry that it starts is not
 * known. Then at least one entry of type 1 or 2 must exist, and each of them must start the system.
 * ret of both: known only if the entry that starts is of type 1 and has no device tree of its
 * own. */
int systemd_boot_verify_external(const char *root, const char *mount_path, const struct plan *plan,
	const struct boot_files *files, struct boot_entry *ret, struct error *err) WARN_UNUSED;
