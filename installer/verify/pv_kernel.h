/* SPDX-License-Identifier: MIT */
/*
 * pv_kernel — whether a file is a kernel for x86, and whether Xen's domain builder starts it as a
 * PV domain.
 *
 * Pure, by the file's headers: an x86 bzImage or an ELF file. For PV the ELF notes of Xen decide.
 * A compressed payload is unpacked to read them. One that is compressed with a zstd window above
 * 64 MiB is accepted with its notes unread.
 *
 * Tested by: tests/unit/test_pv_kernel.c, tests/fuzz/pv_kernel.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* -EINVAL with EXIT_VERIFY where Xen's domain builder refuses it; the sentence names path. */
int pv_kernel_check(
	const char *path, const uint8_t *image, size_t size_bytes, struct error *err) WARN_UNUSED;

/* -EINVAL with EXIT_VERIFY where the file is neither a whole bzImage nor an ELF file. */
int pv_kernel_check_image(
	const char *path, const uint8_t *image, size_t size_bytes, struct error *err) WARN_UNUSED;
