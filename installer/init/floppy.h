/* SPDX-License-Identifier: MIT */
/*
 * floppy — finds the floppy disks in the drives of this machine.
 *
 * The driver is slow and rarely needed, so the lean ISO does not load it at the start: floppy_find
 * does, if the firmware announces a floppy controller. What is on a floppy is decided by the
 * caller.
 *
 * Tested by: tests/qemu/drives.sh.
 */
#pragma once

#include <stddef.h>

#define FLOPPY_DRIVES_MAX 2

/* Writes the names of the drives that hold a floppy, "fd0", and returns how many there are. */
size_t floppy_find(char ret_names[FLOPPY_DRIVES_MAX][8]);
