/* SPDX-License-Identifier: MIT */
/*
 * grub_disk — whether GRUB's first sector and core image on a disk are those of its folder.
 *
 * It compares bytes and runs nothing. Which entry the menu starts is decided by grub_cfg.
 *
 * Format: GRUB 2, grub-core/boot/i386/pc/boot.S and diskboot.S, include/grub/i386/pc/boot.h.
 *
 * Tested by: tests/unit/test_grub_disk.c, tests/fuzz/grub_disk.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* disk_fd is the whole disk, first_sector the 512 bytes that it will begin with; folder holds
 * boot.img and core.img as grub-install left them
 * (<boot>/grub/i386-pc). -EBADMSG with EXIT_VERIFY where the disk's copy differs. */
int grub_disk_verify(int disk_fd, const uint8_t *first_sector, const char *folder,
	struct error *err) WARN_UNUSED;

/* Whether a BIOS finds a program in the first sector. */
bool grub_disk_has_boot_code(const uint8_t *first_sector) WARN_UNUSED;
