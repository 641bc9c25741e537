/* SPDX-License-Identifier: MIT */
/*
 * boot_sector — keeps a disk from booting while it is not a whole guest.
 *
 * The first sector is all that a boot begins with: a BIOS looks for its signature before it runs
 * the code in it, and UEFI (2.10, 5.2.3) believes a GPT only behind a protective MBR. While it
 * is blanked it is zero on the disk and kept in memory; the kernel keeps its in-memory partition
 * table. A machine that starts from such a disk goes on to the next one, or
 * to the ISO. Another run of the installer knows the disk by its mark.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define BOOT_SECTOR_BYTES 512

struct boot_sector {
	bool blanked;
	uint8_t sector[BOOT_SECTOR_BYTES]; /* the first sector, while it is blanked */
};

/* Takes the first sector off the disk, and waits until the device has lost it. Nothing is done if
 * it is blank already. fd is the whole disk, or an image file, for reading and writing. */
int boot_sector_blank(struct boot_sector *boot_sector, int fd, struct error *err) WARN_UNUSED;

/* Puts it back, waits until the device has it and reads it from there: -EBADMSG with EXIT_VERIFY
 * if it has become another. Nothing is done if it is restored already. */
int boot_sector_restore(struct boot_sector *boot_sector, int fd, struct error *err) WARN_UNUSED;
