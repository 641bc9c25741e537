/* SPDX-License-Identifier: MIT */
/*
 * decompress — decompresses zstd, xz, lzma (the format of LZMA Utils, one stream) and gzip streams,
 * by libzstd, liblzma and zlib. No other file includes libzstd and zlib; crc32 uses liblzma too.
 *
 * Concatenated frames (zstd), streams (xz) and members (gzip) are one text. Memory is bounded: a
 * window above 64 MiB is refused. Trailing bytes and incomplete streams are errors. All errors are
 * -EBADMSG with EXIT_FETCH.
 *
 * Tested by: tests/unit/test_decompress.c, tests/fuzz/decompress.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "nix/narinfo.h"

#define DECOMPRESS_WINDOW_LOG_MAX 26 /* 64 MiB */

/* Whether a zstd frame wants a larger window than that, by its first bytes (RFC 8878,
 * 3.1.1.1.2). */
bool decompress_has_large_window(const uint8_t frame[6]);

struct decompress; /* a decoder, reusable for further streams */

struct decompress *decompress_new(void);
void decompress_free(struct decompress **decompress);

/* Begins a stream, whatever the state of the last one. */
int decompress_begin(
	struct decompress *decompress, enum compression compression, struct error *err) WARN_UNUSED;

/* Begins an archive of a binary cache. As in Nix, the first bytes of a compressed one decide about
 * its format, and the name counts where they do not show it. COMPRESSION_UNNAMED: there is none. */
void decompress_begin_archive(struct decompress *decompress, enum compression compression);

/* Decompresses *data into ret until the input is used up or ret is full. Advances *data and
 * *size_bytes; *ret_bytes is what was written. As long as ret was filled, call it again: output may
 * be left when all input is used. */
int decompress_step(struct decompress *decompress, const uint8_t **data, size_t *size_bytes,
	uint8_t *ret, size_t capacity_bytes, size_t *ret_bytes, struct error *err) WARN_UNUSED;

/* 0 if the stream is complete. */
int decompress_finish(struct decompress *decompress, struct error *err) WARN_UNUSED;
