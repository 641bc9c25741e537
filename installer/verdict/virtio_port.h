/* SPDX-License-Identifier: MIT */
/*
 * virtio_port — the virtio-serial port org.guest-installer.0, where a host has given the machine one.
 *
 * Linux Documentation/ABI/testing/sysfs-class-virtio-ports names the ports. Only one process can
 * open a port, so it is opened before the installer forks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Opens the port if there is one. wait: the module was just loaded, and ports that the machine has
 * may not be there yet. */
void virtio_port_open(bool wait);

/* Writes a line; whether it was taken. False also where there is no port. */
bool virtio_port_write(const char *line, size_t size_bytes, bool insist);
