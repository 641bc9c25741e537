/* SPDX-License-Identifier: MIT */
/*
 * boot_loader — whether the boot loader of an installed guest starts the installed system.
 *
 * It picks the check by layout and boot loader and compares the files of the default entry with
 * those of the store. How GRUB and systemd-boot choose that entry is decided by grub_cfg and
 * loader_entries, pygrub's disk is checked by pygrub_disk. Nothing is written.
 *
 * Tested by: tests/unit/test_boot_loader.c, tests/loop/images.sh, tests/qemu/grub_uefi.sh.
 */
#pragma once

#include "base/error.h"
#include "guest/boot_files.h"
#include "verify/boot_entry.h"
#include "verify/verify_request.h"

/* If the manifest does not come from an evaluation (manifest_assume), the disk shows the boot
 * loader. GRUB leaves its folder in /boot, with i386-pc in it, and code in the first sector if it
 * serves a BIOS. A guest with an EFI system partition and without that folder has another boot
 * loader. root is the mounted target, first_sector as in verify_request. */
void boot_loader_find(const char *root, const struct plan *plan, const uint8_t *first_sector,
	struct manifest *manifest);

/* files: what the system asks for (boot_files). ret: the entry that starts by itself; of a menu
 * that asks for the firmware, the entry for this machine's. -EBADMSG, -EINVAL or -ENOENT with a
 * sentence. */
int boot_loader_verify(const struct verify_request *request, const struct boot_files *files,
	struct boot_entry *ret, struct error *err) WARN_UNUSED;
