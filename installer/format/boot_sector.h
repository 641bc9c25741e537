/* SPDX-License-Identifier: MIT */
/*
 * boot_sector — keeps a disk from booting until the guest on it is complete.
 *
 * Every boot begins with the first sector: a BIOS looks for its signature before it runs the code
 * in it, and UEFI (2.10, 5.2.3) accepts a GPT only behind a protective MBR. While the boot sector
 * is blank, it is zero on the disk and kept in memory. The kernel keeps the partition table that it
 * has read. A machine that starts from such a disk goes on to the next one, or to the ISO. The next
 * run of the installer recognizes the disk by its mark.
 *
 * Tested by: tests/unit/test_boot_sector.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "disk/layout.h"

struct boot_sector {
	bool blanked;
	uint8_t sector[BOOT_SECTOR_BYTES]; /* the first sector, while it is blanked */
};

/* Writes zeros over the first sector and waits until the device has them. Does nothing if it is
 * blank already. fd is the whole disk, or an image file, open for reading and writing. */
int boot_sector_blank(struct boot_sector *boot_sector, int fd, struct error *err) WARN_UNUSED;

/* Writes the sector back, waits until the device has it and reads it from there: -EBADMSG with
 * EXIT_VERIFY if it differs. Does nothing if it is not blank. */
int boot_sector_restore(struct boot_sector *boot_sector, int fd, struct error *err) WARN_UNUSED;
