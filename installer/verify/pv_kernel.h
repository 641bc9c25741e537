/* SPDX-License-Identifier: MIT */
/*
 * pv_kernel — whether Xen's domain builder takes a file for the kernel of a PV domain.
 *
 * Pure, by the file's headers: an x86 bzImage whose payload is compressed in a way that the builder
 * undoes, or an ELF file. Whether the kernel inside was built for PV is seen where the bytes are
 * plain (an ELF file, or a payload that is not compressed), and not looked for otherwise.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* -EINVAL with EXIT_VERIFY; the sentence is about path. */
int pv_kernel_check(
	const char *path, const uint8_t *image, size_t size_bytes, struct error *err) WARN_UNUSED;
