/* SPDX-License-Identifier: MIT */
/*
 * udev_link — derives the names that udev gives to a disk below /dev/disk/by-id and
 * /dev/disk/by-path.
 *
 * Pure. The lean ISO has no udev. Only names are derived that follow from /sys alone (systemd 252,
 * 60-persistent-storage.rules, scsi_id and udev-builtin-path_id.c): of virtio, ATA, NVMe and
 * emulated SCSI disks on PCI. A disk may have further names, which are not known here.
 *
 * Tested by: tests/unit/test_udev_link.c, tests/qemu/disks.sh, tests/fuzz/udev_link.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk/disk.h"

/* The serial number by which scsi_id names a disk: from the vital product data page 0x83 (SPC-4,
 * 7.8.6) if its only names of the disk are vendor-specific texts. "" if it has others. */
void udev_link_scsi_serial(
	const uint8_t *page, size_t size_bytes, const struct disk *disk, char ret[DISK_TEXT_BYTES]);

/* Whether a path below /dev/disk/by-id or by-path is a name of this disk. */
bool udev_link_is_of(const char *link, const struct disk *disk);

/* Writes all names that can be derived, one a line. */
#define UDEV_LINKS_BYTES 1024
void udev_link_list(const struct disk *disk, char ret[UDEV_LINKS_BYTES]);
