/* SPDX-License-Identifier: MIT */
/*
 * image_container — recognises disk images that are not raw, by their first bytes.
 *
 * Pure. What is written to such a file as to a raw disk destroys the image. Formats: QEMU,
 * docs/interop/qcow2.txt and the probes of its block drivers; VMware's "Virtual Disk Format 5.0";
 * Microsoft's [MS-VHDX] and "Virtual Hard Disk Image Format". A VHD of fixed size is raw but for
 * its last sector, and is not recognised.
 *
 * Tested by: tests/unit/test_image_container.c, tests/loop/mistakes.sh.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define IMAGE_CONTAINER_BYTES 512

/* The name of the format, "qcow2" or the like; NULL for a raw image. */
const char *image_container_name(const uint8_t *start, size_t size_bytes);
