/* SPDX-License-Identifier: MIT */
/*
 * settle — waits until the machine's block devices are all there.
 *
 * Devices arrive asynchronously after their modules are loaded. Judging disks earlier could take
 * a disk for the only one when it is merely the first.
 */
#pragma once

/* Settled: every virtio block device is bound to a driver, every Xen one has a disk or is left to
 * another driver, and half a second has passed without an event of the kernel. Gives up after 30
 * seconds; what is missing is logged then. */
void settle_wait(void);
