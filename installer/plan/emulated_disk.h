/* SPDX-License-Identifier: MIT */
/*
 * emulated_disk — recognizes the disks that hypervisors emulate, by vendor and model.
 *
 * Pure. A virtual machine may also have a physical disk that its host passes through. Such a disk
 * has the vendor and the model of its maker, and it may hold what the host's owner needs.
 *
 * Tested by: tests/unit/test_emulated_disk.c.
 */
#pragma once

#include <stdbool.h>

#include "disk/disk.h"

/* Whether a SCSI, ATA or NVMe disk reports the vendor and model of an emulator or of a cloud's
 * network storage. Local disks of clouds, which lose their content with the machine, are not in the
 * table. */
bool emulated_disk_is_known(const struct disk *disk);
