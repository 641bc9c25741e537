/* SPDX-License-Identifier: MIT */
/*
 * lz4_blocks — the blocks of an LZ4 stream in the "legacy frame" format, in which kernels are
 * packed ("lz4 -l"), by liblz4. The only file that includes it.
 *
 * Pure. Format: LZ4 Frame Format Description 1.6.4, "Legacy frame". Each block stands for itself
 * and unpacks to 8 MiB, the last one to less. What a decoder of the kernel's kind also takes is
 * taken: a further magic number between blocks.
 *
 * Tested by: tests/unit/test_pv_kernel.c, tests/fuzz/lz4_blocks.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define LZ4_BLOCK_BYTES (8 * 1024 * 1024)

/* Unpacks the block at *data into ret, which has room for LZ4_BLOCK_BYTES, and advances *data and
 * *size_bytes beyond it. Returns 1 with the unpacked size in *ret_bytes; 0 at the end; -EBADMSG
 * where the stream breaks off or is damaged. A stream begins with its magic number. */
int lz4_blocks_next(
	const uint8_t **data, size_t *size_bytes, uint8_t *ret, size_t *ret_bytes) WARN_UNUSED;
