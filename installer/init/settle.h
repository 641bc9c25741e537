/* SPDX-License-Identifier: MIT */
/*
 * settle — waits until all block devices of the machine have appeared.
 *
 * Devices appear asynchronously after their modules are loaded. A disk that is classified too early
 * could look like the only one when it is the first. settle does not look at the disks themselves.
 *
 * Tested by: tests/qemu/disks.sh, tests/qemu/running.sh, tests/qemu/drives.sh.
 */
#pragma once

#include <stdbool.h>

/* Returns when every virtio block device is bound to a driver, every Xen and SCSI one has a disk or
 * belongs to another driver, every NVMe controller is in use, and half a second has passed without
 * a kernel event. With a USB controller, every USB storage device has shown its disk (or 15 seconds
 * have passed), and a second and a half has passed without an event. `loaded` says that all drivers
 * have been loaded, one after the other. If each of them has found its disks by then, as those of
 * virtio and ATA have, a tenth of a second without an event is enough. Returns after 30 seconds in
 * any case, and logs what is missing. */
void settle_wait(bool loaded);
