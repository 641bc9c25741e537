/* SPDX-License-Identifier: MIT */
/*
 * kernel_image — whether a file is a whole kernel in a format that hosts start on an architecture.
 *
 * Pure. Formats of arm64: Image (Linux, Documentation/arch/arm64/booting.rst, "Call the kernel
 * image"), the same compressed with gzip, and EFI zboot (Linux,
 * drivers/firmware/efi/libstub/zboot-header.S). Of a packed kernel the beginning is unpacked, of
 * Image.gz all of it. A payload in lz4, lzo or with a zstd window above 64 MiB is accepted unread.
 * pv_kernel reads the formats of x86.
 *
 * Tested by: tests/unit/test_kernel_image.c, tests/fuzz/kernel_image.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/architecture.h"
#include "base/error.h"

/* -EINVAL with EXIT_VERIFY where it is none; the sentence names path. */
int kernel_image_check(const char *path, const uint8_t *image, size_t size_bytes,
	const struct architecture *architecture, struct error *err) WARN_UNUSED;
