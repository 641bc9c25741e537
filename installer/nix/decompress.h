/* SPDX-License-Identifier: MIT */
/*
 * decompress — zstd and xz streams into plain bytes, by libzstd and liblzma; the only file that
 * includes them.
 *
 * Several frames (zstd) or streams (xz) one after the other are one text. Memory is bounded: what
 * needs a window above 64 MiB is refused. Bytes that belong to no frame and streams that break off
 * are errors. All errors are -EBADMSG with EXIT_FETCH.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "nix/narinfo.h"

#define DECOMPRESS_WINDOW_LOG_MAX 26 /* 64 MiB */

struct decompress; /* one decoder, reused for one stream after the other */

struct decompress *decompress_new(void);
void decompress_free(struct decompress **decompress);

/* Ready for another stream, whatever became of the last. */
int decompress_begin(
	struct decompress *decompress, enum compression compression, struct error *err) WARN_UNUSED;

/* Takes from *data (advancing it and *size_bytes) and gives to ret, until the input is used up or
 * ret is full; *ret_bytes says how much it gave. Call it again while ret was filled: output may
 * be left when all input is taken. */
int decompress_step(struct decompress *decompress, const uint8_t **data, size_t *size_bytes,
	uint8_t *ret, size_t capacity_bytes, size_t *ret_bytes, struct error *err) WARN_UNUSED;

/* 0 if the stream is complete. */
int decompress_finish(struct decompress *decompress, struct error *err) WARN_UNUSED;
