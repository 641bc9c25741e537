/* SPDX-License-Identifier: MIT */
/*
 * iso_medium — finds, mounts and ejects the ISO that the installer was started from.
 *
 * Tested by: tests/qemu/usb.sh, tests/qemu/install_bios.sh,
 * tests/qemu/stay_attached.sh.
 */
#pragma once

#include "base/error.h"

#define MEDIUM_PATH  "/medium"
#define MEDIUM_LABEL "GUEST_INSTALLER"

/* Finds the ISO 9660 file system with our label on any block device (type and label both: hybrid
 * images show other partitions with the same label) and mounts it read-only on MEDIUM_PATH. Waits
 * for its drive until all devices have settled, 5 seconds at least. -ENOENT if there is none, with
 * EXIT_FETCH and a sentence that lists what is there instead. */
int iso_medium_mount(struct error *err) WARN_UNUSED;

/* Unmounts the ISO, unlocks its drive and opens the tray, so that the firmware finds no medium
 * after a reset. 0 only if the drive reports that it has none: -ENOENT if the ISO is not mounted,
 * -ENOTTY if it is in no drive with a tray, or another negative errno. */
int iso_medium_eject(struct error *err) WARN_UNUSED;
