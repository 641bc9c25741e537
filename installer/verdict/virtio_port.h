/* SPDX-License-Identifier: MIT */
/*
 * virtio_port — opens and writes the virtio-serial port org.guest-installer.0.
 *
 * Linux Documentation/ABI/testing/sysfs-class-virtio-ports names the ports. Only one process can
 * open a port, so the caller opens it before it forks.
 *
 * Tested by: tests/qemu/channels.sh.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Finds the device node, in /dev, of the port that has this name. wait: as in virtio_port_open. */
bool virtio_port_find(const char *port, bool wait, char *ret, size_t ret_bytes);

/* Opens the port if the machine has it. wait: the module has just been loaded, and the ports of the
 * machine may appear later. */
void virtio_port_open(bool wait);

bool virtio_port_is_open(void);

/* Writes a line. Returns whether all of it was written; false without a port. */
bool virtio_port_write(const char *line, size_t size_bytes, bool must_deliver);
