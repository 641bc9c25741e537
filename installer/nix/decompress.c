/* SPDX-License-Identifier: MIT */
/* zlib.h: input is const. */
#define ZLIB_CONST
#include "nix/decompress.h"

#include <errno.h>
#include <limits.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/cleanup.h"

/* zlib's windowBits: the largest window, behind a gzip header (zlib.h, inflateInit2). */
#define GZIP_WINDOW_BITS (15 + 16)

/* What shows the format. */
#define START_BYTES 6

/* liblzma's needs besides the dictionary are far below this. */
#define XZ_MEMORY_MAX ((UINT64_C(1) << DECOMPRESS_WINDOW_LOG_MAX) + (UINT64_C(1) << 20))

struct decompress {
	enum compression compression;
	ZSTD_DCtx *zstd;
	lzma_stream lzma; /* for xz and lzma */
	z_stream gzip;
	bool begun; /* input has arrived */
	bool whole; /* the input so far ends with a frame, stream or member */

	bool known; /* the format, by the first bytes */
	uint8_t start[START_BYTES];
	size_t start_bytes; /* that have arrived */
	size_t start_used;  /* that the decoder has read */
};

bool decompress_has_large_window(const uint8_t frame[6])
{
	return !(frame[4] & 0x20) &&
	       10 + (frame[5] >> 3) + ((frame[5] & 7) != 0) > DECOMPRESS_WINDOW_LOG_MAX;
}

struct decompress *decompress_new(void)
{
	struct decompress *decompress = must_realloc(NULL, 1, sizeof(*decompress));

	*decompress = (struct decompress){ .lzma = LZMA_STREAM_INIT };
	return decompress;
}

void decompress_free(struct decompress **decompress)
{
	if (!*decompress)
		return;
	ZSTD_freeDCtx((*decompress)->zstd);
	lzma_end(&(*decompress)->lzma);
	inflateEnd(&(*decompress)->gzip);
	free(*decompress);
	*decompress = NULL;
}

#define bad_stream(err, ...) error_set_code((err), EXIT_FETCH, -EBADMSG, __VA_ARGS__)

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

static int begin_lzma(
	struct decompress *decompress, enum compression compression, struct error *err)
{
	lzma_ret code = compression == COMPRESSION_XZ
				? lzma_stream_decoder(
					  &decompress->lzma, XZ_MEMORY_MAX, LZMA_CONCATENATED)
				: lzma_alone_decoder(&decompress->lzma, XZ_MEMORY_MAX);

	return code == LZMA_OK ? 0
			       : bad_stream(err, "the %s decoder cannot be set up",
					 compression_name(compression));
}

static int begin_gzip(struct decompress *decompress, struct error *err)
{
	inflateEnd(&decompress->gzip);
	decompress->gzip = (z_stream){ 0 };
	if (inflateInit2(&decompress->gzip, GZIP_WINDOW_BITS) != Z_OK)
		return bad_stream(err, "the gzip decoder cannot be set up");
	return 0;
}

static int begin_format(struct decompress *decompress, struct error *err)
{
	switch (decompress->compression) {
	case COMPRESSION_ZSTD:
		return begin_zstd(decompress, err);
	case COMPRESSION_XZ:
	case COMPRESSION_LZMA:
		return begin_lzma(decompress, decompress->compression, err);
	case COMPRESSION_GZIP:
		return begin_gzip(decompress, err);
	case COMPRESSION_NONE:
	case COMPRESSION_UNNAMED:
		break;
	}
	return bad_stream(err,
		"neither its narinfo nor its start says how it is compressed (xz, zstd, gzip and lzma are supported)");
}

static void reset_decoder(struct decompress *decompress, enum compression compression, bool known)
{
	decompress->compression = compression;
	decompress->begun = false;
	decompress->whole = compression == COMPRESSION_NONE;
	decompress->known = known;
	decompress->start_bytes = 0;
	decompress->start_used = 0;
}

int decompress_begin(struct decompress *decompress, enum compression compression, struct error *err)
{
	reset_decoder(decompress, compression, true);
	return compression == COMPRESSION_NONE ? 0 : begin_format(decompress, err);
}

void decompress_begin_archive(struct decompress *decompress, enum compression compression)
{
	reset_decoder(decompress, compression, compression == COMPRESSION_NONE);
}

/* Formats with a magic number. The one of lzma is no number, but what every encoder writes. */
static void find_format(struct decompress *decompress)
{
	static const struct {
		const char *magic;
		size_t size_bytes;
		enum compression compression;
	} formats[] = {
		{ "\3757zXZ\0", 6, COMPRESSION_XZ },
		{ "\x28\xb5\x2f\xfd", 4, COMPRESSION_ZSTD },
		{ "\x1f\x8b", 2, COMPRESSION_GZIP },
		{ "\x5d\0\0", 3, COMPRESSION_LZMA },
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (memcmp(decompress->start, formats[i].magic, formats[i].size_bytes) == 0)
			decompress->compression = formats[i].compression;
}

/* Keeps the first bytes of the stream until they show the format. */
static int take_start(
	struct decompress *decompress, const uint8_t **data, size_t *size_bytes, struct error *err)
{
	size_t wanted = START_BYTES - decompress->start_bytes;
	size_t size = wanted < *size_bytes ? wanted : *size_bytes;

	memcpy(decompress->start + decompress->start_bytes, *data, size);
	decompress->start_bytes += size;
	*data += size;
	*size_bytes -= size;
	if (decompress->start_bytes < START_BYTES)
		return 0;
	find_format(decompress);
	decompress->known = true;
	return begin_format(decompress, err);
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
		return bad_stream(err, "its zstd stream is damaged: %s", ZSTD_getErrorName(code));
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

static int lzma_error(const struct decompress *decompress, lzma_ret code, struct error *err)
{
	const char *name = compression_name(decompress->compression);

	switch (code) {
	case LZMA_MEMLIMIT_ERROR:
		return bad_stream(err, "its %s dictionary is larger than 64 MiB", name);
	case LZMA_FORMAT_ERROR:
		return bad_stream(err, "it is not %s", name);
	case LZMA_OPTIONS_ERROR:
		return bad_stream(err, "its %s stream uses filters that are not supported", name);
	case LZMA_DATA_ERROR:
		return bad_stream(err,
			"its %s stream is damaged, or bytes that are not %s follow its end", name,
			name);
	case LZMA_BUF_ERROR:
		return bad_stream(err, "its %s stream breaks off", name);
	case LZMA_MEM_ERROR:
		abort();
	default:
		return bad_stream(err, "its %s stream cannot be read (%d)", name, (int)code);
	}
}

static int step_lzma(struct decompress *decompress, const uint8_t **data, size_t *size_bytes,
	uint8_t *ret, size_t capacity_bytes, size_t *ret_bytes, struct error *err)
{
	lzma_stream *lzma = &decompress->lzma;
	lzma_ret code;

	*ret_bytes = 0;
	/* Of lzma, one stream is the whole text. */
	if (decompress->whole)
		return *size_bytes > 0 ? lzma_error(decompress, LZMA_DATA_ERROR, err) : 0;
	lzma->next_in = *data;
	lzma->avail_in = *size_bytes;
	lzma->next_out = ret;
	lzma->avail_out = capacity_bytes;
	code = lzma_code(lzma, LZMA_RUN);
	*data += *size_bytes - lzma->avail_in;
	*size_bytes = lzma->avail_in;
	*ret_bytes = capacity_bytes - lzma->avail_out;
	decompress->whole = code == LZMA_STREAM_END;
	/* No progress without input is no error. */
	if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR)
		return lzma_error(decompress, code, err);
	return 0;
}

static int gzip_error(const struct decompress *decompress, int code, struct error *err)
{
	const char *message = decompress->gzip.msg;

	if (code == Z_MEM_ERROR)
		abort();
	if (message && strcmp(message, "incorrect header check") == 0)
		return bad_stream(err, "it is not gzip, or bytes that are not follow its end");
	return bad_stream(err, "its gzip stream is damaged: %s", message ? message : "no reason");
}

static int step_gzip(struct decompress *decompress, const uint8_t **data, size_t *size_bytes,
	uint8_t *ret, size_t capacity_bytes, size_t *ret_bytes, struct error *err)
{
	z_stream *gzip = &decompress->gzip;
	int code = Z_OK;

	*ret_bytes = 0;
	if (*size_bytes > UINT_MAX || capacity_bytes > UINT_MAX)
		return bad_stream(err, "a piece of it is larger than 4 GiB");
	gzip->next_in = *data;
	gzip->avail_in = (unsigned int)*size_bytes;
	gzip->next_out = ret;
	gzip->avail_out = (unsigned int)capacity_bytes;
	while (code == Z_OK && gzip->avail_out > 0 && (gzip->avail_in > 0 || !decompress->whole)) {
		if (decompress->whole)
			inflateReset(gzip); /* the next member */
		code = inflate(gzip, Z_NO_FLUSH);
		decompress->whole = code == Z_STREAM_END;
		if (decompress->whole)
			code = Z_OK;
	}
	*data += *size_bytes - gzip->avail_in;
	*size_bytes = gzip->avail_in;
	*ret_bytes = capacity_bytes - gzip->avail_out;
	/* No progress without input is no error. */
	return code == Z_OK || code == Z_BUF_ERROR ? 0 : gzip_error(decompress, code, err);
}

static int step_format(struct decompress *decompress, const uint8_t **data, size_t *size_bytes,
	uint8_t *ret, size_t capacity_bytes, size_t *ret_bytes, struct error *err)
{
	switch (decompress->compression) {
	case COMPRESSION_ZSTD:
		return step_zstd(decompress, data, size_bytes, ret, capacity_bytes, ret_bytes, err);
	case COMPRESSION_XZ:
	case COMPRESSION_LZMA:
		return step_lzma(decompress, data, size_bytes, ret, capacity_bytes, ret_bytes, err);
	case COMPRESSION_GZIP:
		return step_gzip(decompress, data, size_bytes, ret, capacity_bytes, ret_bytes, err);
	case COMPRESSION_NONE:
	case COMPRESSION_UNNAMED:
		break;
	}
	return step_none(data, size_bytes, ret, capacity_bytes, ret_bytes);
}

/* The bytes that were kept, before those that follow. */
static int step_start(struct decompress *decompress, uint8_t *ret, size_t capacity_bytes,
	size_t *ret_bytes, struct error *err)
{
	const uint8_t *start = decompress->start + decompress->start_used;
	size_t left = decompress->start_bytes - decompress->start_used;
	int r = step_format(decompress, &start, &left, ret, capacity_bytes, ret_bytes, err);

	decompress->start_used = decompress->start_bytes - left;
	return r;
}

int decompress_step(struct decompress *decompress, const uint8_t **data, size_t *size_bytes,
	uint8_t *ret, size_t capacity_bytes, size_t *ret_bytes, struct error *err)
{
	size_t before = 0;
	int r = 0;

	*ret_bytes = 0;
	if (*size_bytes > 0)
		decompress->begun = true;
	if (!decompress->known)
		r = take_start(decompress, data, size_bytes, err);
	if (r < 0 || !decompress->known)
		return r;
	if (decompress->start_used < decompress->start_bytes) {
		r = step_start(decompress, ret, capacity_bytes, &before, err);
		*ret_bytes = before;
		if (r < 0 || decompress->start_used < decompress->start_bytes)
			return r;
	}
	r = step_format(decompress, data, size_bytes, ret + before, capacity_bytes - before,
		ret_bytes, err);
	*ret_bytes += before;
	return r;
}

static int finish_xz(struct decompress *decompress, struct error *err)
{
	uint8_t fallback;
	lzma_ret code;

	/* Tells liblzma that no further stream follows. */
	decompress->lzma.next_in = NULL;
	decompress->lzma.avail_in = 0;
	decompress->lzma.next_out = &fallback;
	decompress->lzma.avail_out = sizeof(fallback);
	code = lzma_code(&decompress->lzma, LZMA_FINISH);
	if (code == LZMA_STREAM_END)
		return 0;
	return lzma_error(decompress, code == LZMA_OK ? LZMA_BUF_ERROR : code, err);
}

int decompress_finish(struct decompress *decompress, struct error *err)
{
	if (!decompress->begun)
		return bad_stream(err, "it is empty");
	if (!decompress->known)
		return bad_stream(
			err, "its %s stream breaks off", compression_name(decompress->compression));
	if (decompress->compression == COMPRESSION_XZ)
		return finish_xz(decompress, err);
	if (decompress->whole)
		return 0;
	return bad_stream(
		err, "its %s stream breaks off", compression_name(decompress->compression));
}
