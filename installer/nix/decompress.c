/* SPDX-License-Identifier: MIT */
#include "nix/decompress.h"

#include <errno.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/cleanup.h"

/* liblzma's needs besides the dictionary are far below this. */
#define XZ_MEMORY_MAX ((UINT64_C(1) << DECOMPRESS_WINDOW_LOG_MAX) + (UINT64_C(1) << 20))

struct decompress {
	enum compression compression;
	ZSTD_DCtx *zstd;
	lzma_stream xz;
	bool begun; /* input has arrived */
	bool whole; /* the input so far ends with a frame or stream */
};

struct decompress *decompress_new(void)
{
	struct decompress *decompress = must_realloc(NULL, 1, sizeof(*decompress));

	*decompress = (struct decompress){ .xz = LZMA_STREAM_INIT };
	return decompress;
}

void decompress_free(struct decompress **decompress)
{
	if (!*decompress)
		return;
	ZSTD_freeDCtx((*decompress)->zstd);
	lzma_end(&(*decompress)->xz);
	free(*decompress);
	*decompress = NULL;
}

static int bad_stream(struct error *err, const char *what)
{
	return error_set_code(err, EXIT_FETCH, -EBADMSG, "%s", what);
}

static int begin_zstd(struct decompress *decompress, struct error *err)
{
	if (!decompress->zstd)
		decompress->zstd = ZSTD_createDCtx();
	if (!decompress->zstd)
		abort();
	if (ZSTD_isError(ZSTD_DCtx_reset(decompress->zstd, ZSTD_reset_session_and_parameters)) ||
		ZSTD_isError(ZSTD_DCtx_setParameter(
			decompress->zstd, ZSTD_d_windowLogMax, DECOMPRESS_WINDOW_LOG_MAX)))
		return bad_stream(err, "the zstd decoder cannot be set up");
	return 0;
}

static int begin_xz(struct decompress *decompress, struct error *err)
{
	if (lzma_stream_decoder(&decompress->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
		return bad_stream(err, "the xz decoder cannot be set up");
	return 0;
}

int decompress_begin(struct decompress *decompress, enum compression compression, struct error *err)
{
	decompress->compression = compression;
	decompress->begun = false;
	decompress->whole = compression == COMPRESSION_NONE;
	if (compression == COMPRESSION_ZSTD)
		return begin_zstd(decompress, err);
	if (compression == COMPRESSION_XZ)
		return begin_xz(decompress, err);
	return 0;
}

static int step_none(const uint8_t **data, size_t *size_bytes, uint8_t *ret, size_t capacity_bytes,
	size_t *ret_bytes)
{
	size_t size = *size_bytes < capacity_bytes ? *size_bytes : capacity_bytes;

	memcpy(ret, *data, size);
	*data += size;
	*size_bytes -= size;
	*ret_bytes = size;
	return 0;
}

static int zstd_error(size_t code, struct error *err)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return bad_stream(err, "its zstd window is larger than 64 MiB");
	case ZSTD_error_prefix_unknown:
		return bad_stream(err, "it is not zstd, or bytes that are not follow its end");
	case ZSTD_error_memory_allocation:
		abort();
	default:
		return error_set_code(err, EXIT_FETCH, -EBADMSG, "its zstd stream is damaged: %s",
			ZSTD_getErrorName(code));
	}
}

static int step_zstd(struct decompress *decompress, const uint8_t **data, size_t *size_bytes,
	uint8_t *ret, size_t capacity_bytes, size_t *ret_bytes, struct error *err)
{
	ZSTD_inBuffer in = { .src = *data, .size = *size_bytes };
	ZSTD_outBuffer out = { .dst = ret, .size = capacity_bytes };

	/* The end of a frame is reported as 0; without input 0 has no meaning. */
	while (out.pos < out.size && (in.pos < in.size || !decompress->whole)) {
		size_t in_before = in.pos, out_before = out.pos;
		size_t hint = ZSTD_decompressStream(decompress->zstd, &out, &in);

		if (ZSTD_isError(hint))
			return zstd_error(hint, err);
		decompress->whole = hint == 0;
		if (in.pos == in_before && out.pos == out_before)
			break;
	}
	*data += in.pos;
	*size_bytes -= in.pos;
	*ret_bytes = out.pos;
	return 0;
}

static int xz_error(lzma_ret code, struct error *err)
{
	switch (code) {
	case LZMA_MEMLIMIT_ERROR:
		return bad_stream(err, "its xz dictionary is larger than 64 MiB");
	case LZMA_FORMAT_ERROR:
		return bad_stream(err, "it is not xz");
	case LZMA_OPTIONS_ERROR:
		return bad_stream(err, "its xz stream uses filters that are not supported");
	case LZMA_DATA_ERROR:
		return bad_stream(
			err, "its xz stream is damaged, or bytes that are not xz follow its end");
	case LZMA_BUF_ERROR:
		return bad_stream(err, "its xz stream breaks off");
	case LZMA_MEM_ERROR:
		abort();
	default:
		return error_set_code(
			err, EXIT_FETCH, -EBADMSG, "its xz stream cannot be read (%d)", (int)code);
	}
}

static int step_xz(struct decompress *decompress, const uint8_t **data, size_t *size_bytes,
	uint8_t *ret, size_t capacity_bytes, size_t *ret_bytes, struct error *err)
{
	lzma_stream *xz = &decompress->xz;
	lzma_ret code;

	xz->next_in = *data;
	xz->avail_in = *size_bytes;
	xz->next_out = ret;
	xz->avail_out = capacity_bytes;
	code = lzma_code(xz, LZMA_RUN);
	*data += *size_bytes - xz->avail_in;
	*size_bytes = xz->avail_in;
	*ret_bytes = capacity_bytes - xz->avail_out;
	/* No progress without input is no error. */
	if (code != LZMA_OK && code != LZMA_BUF_ERROR)
		return xz_error(code, err);
	return 0;
}

int decompress_step(struct decompress *decompress, const uint8_t **data, size_t *size_bytes,
	uint8_t *ret, size_t capacity_bytes, size_t *ret_bytes, struct error *err)
{
	if (*size_bytes > 0)
		decompress->begun = true;
	if (decompress->compression == COMPRESSION_ZSTD)
		return step_zstd(decompress, data, size_bytes, ret, capacity_bytes, ret_bytes, err);
	if (decompress->compression == COMPRESSION_XZ)
		return step_xz(decompress, data, size_bytes, ret, capacity_bytes, ret_bytes, err);
	return step_none(data, size_bytes, ret, capacity_bytes, ret_bytes);
}

int decompress_finish(struct decompress *decompress, struct error *err)
{
	uint8_t fallback;
	lzma_ret code;

	if (!decompress->begun)
		return bad_stream(err, "it is empty");
	if (decompress->compression == COMPRESSION_ZSTD && !decompress->whole)
		return bad_stream(err, "its zstd stream breaks off");
	if (decompress->compression != COMPRESSION_XZ)
		return 0;
	/* Tells liblzma that no further stream follows. */
	decompress->xz.next_in = NULL;
	decompress->xz.avail_in = 0;
	decompress->xz.next_out = &fallback;
	decompress->xz.avail_out = sizeof(fallback);
	code = lzma_code(&decompress->xz, LZMA_FINISH);
	if (code == LZMA_STREAM_END)
		return 0;
	return xz_error(code == LZMA_OK ? LZMA_BUF_ERROR : code, err);
}
