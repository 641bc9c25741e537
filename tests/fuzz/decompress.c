/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a compressed stream, in one piece and in many: if both are good, they are the same.
 * The first byte says which format it is; what begins as none of the others is zstd.
 */
#include "nix/decompress.h"
#include "fuzz.h"

#define OUTPUT_MAX_BYTES (1024 * 1024) /* a small input can stand for terabytes */

struct result {
	uint64_t hash;
	size_t size_bytes;
};

/* Takes one piece, as copy does; whether the limit is reached is left to the caller. */
static int take(struct decompress *decompress, const uint8_t *data, size_t size_bytes,
	size_t capacity_bytes, struct result *result, struct error *err)
{
	uint8_t output[8192];
	size_t given_bytes;

	do {
		size_t left_before = size_bytes;
		int r = decompress_step(
			decompress, &data, &size_bytes, output, capacity_bytes, &given_bytes, err);

		if (r < 0)
			return r;
		promised(size_bytes <= left_before && given_bytes <= capacity_bytes);
		promised(size_bytes < left_before || given_bytes > 0 || left_before == 0);
		result->hash = fuzz_hash(result->hash, output, given_bytes);
		result->size_bytes += given_bytes;
	} while ((size_bytes > 0 || given_bytes == capacity_bytes) &&
		 result->size_bytes < OUTPUT_MAX_BYTES);
	return 0;
}

static int decompress_all(struct decompress *decompress, enum compression compression,
	const uint8_t *data, size_t size_bytes, bool in_pieces, struct result *ret)
{
	struct error err = FUZZ_NO_ERROR;
	uint64_t state = fuzz_hash(0, data, size_bytes);
	int r = 0;

	decompress_begin_archive(decompress, compression);

	*ret = (struct result){ 0 };
	for (size_t piece; r == 0 && size_bytes > 0; data += piece, size_bytes -= piece) {
		piece = in_pieces ? fuzz_piece(&state, size_bytes) : size_bytes;
		r = take(decompress, data, piece, in_pieces ? 1 + state % 100 : 8192, ret, &err);
		if (ret->size_bytes >= OUTPUT_MAX_BYTES)
			return 1;
	}
	if (r == 0)
		r = decompress_finish(decompress, &err);
	promised(r == 0 || (fuzz_error_is_set(&err) && err.code == EXIT_FETCH));
	return r;
}

static enum compression begins_as(const uint8_t *data, size_t size_bytes)
{
	switch (size_bytes ? data[0] : 0) {
	case 0xfd:
		return COMPRESSION_XZ;
	case 0x1f:
		return COMPRESSION_GZIP;
	case 0x5d:
		return COMPRESSION_LZMA;
	default:
		return COMPRESSION_ZSTD;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	CLEANUP(decompress_free) struct decompress *decompress = decompress_new();
	enum compression compression = begins_as(data, size_bytes);
	struct result whole, pieces;
	int whole_r = decompress_all(decompress, compression, data, size_bytes, false, &whole);
	int pieces_r = decompress_all(decompress, compression, data, size_bytes, true, &pieces);

	if (whole_r == 0 && pieces_r == 0)
		promised(whole.size_bytes == pieces.size_bytes && whole.hash == pieces.hash);
	return 0;
}
