/* SPDX-License-Identifier: MIT */
#define ZLIB_CONST /* zlib.h: input is const */
#include <errno.h>
#include <lzma.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "nix/decompress.h"

#define PLAIN_BYTES  300000
#define STREAM_BYTES 1000000

struct allocator {
	size_t size_bytes;
	uint8_t bytes[STREAM_BYTES];
};

static uint8_t plain[PLAIN_BYTES];
static struct allocator stream;

/* Half of it compresses well, the other half does not. */
static int make_plain(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(plain); i++) {
		random = random * 1664525 + 1013904223;
		plain[i] = i % 2000 < 1000 ? (uint8_t)(i / 7) : (uint8_t)(random >> 24);
	}
	return 0;
}

static void add_zstd(const uint8_t *data, size_t size, int window_log)
{
	ZSTD_CCtx *encoder = ZSTD_createCCtx();
	ZSTD_inBuffer in = { data, size, 0 };
	ZSTD_outBuffer out = { stream.bytes, sizeof(stream.bytes), stream.size_bytes };

	ZSTD_CCtx_setParameter(encoder, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(encoder, ZSTD_c_windowLog, window_log);
	/* Without the size, so that the header names the window. */
	while (in.pos < in.size)
		assert_false(
			ZSTD_isError(ZSTD_compressStream2(encoder, &out, &in, ZSTD_e_continue)));
	assert_int_equal(ZSTD_compressStream2(encoder, &out, &in, ZSTD_e_end), 0);
	stream.size_bytes = out.pos;
	ZSTD_freeCCtx(encoder);
}

static void add_xz(const uint8_t *data, size_t size, uint32_t dictionary_bytes)
{
	lzma_options_lzma options;
	lzma_filter filters[] = { { LZMA_FILTER_LZMA2, &options }, { LZMA_VLI_UNKNOWN, NULL } };

	assert_false(lzma_lzma_preset(&options, 0));
	options.dict_size = dictionary_bytes;
	assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC64, NULL, data, size,
				 stream.bytes, &stream.size_bytes, sizeof(stream.bytes)),
		LZMA_OK);
}

static void add_lzma(const uint8_t *data, size_t size, uint32_t dictionary_bytes)
{
	lzma_stream encoder = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	assert_false(lzma_lzma_preset(&options, 0));
	options.dict_size = dictionary_bytes;
	assert_int_equal(lzma_alone_encoder(&encoder, &options), LZMA_OK);
	encoder.next_in = data;
	encoder.avail_in = size;
	encoder.next_out = stream.bytes + stream.size_bytes;
	encoder.avail_out = sizeof(stream.bytes) - stream.size_bytes;
	assert_int_equal(lzma_code(&encoder, LZMA_FINISH), LZMA_STREAM_END);
	stream.size_bytes = sizeof(stream.bytes) - encoder.avail_out;
	lzma_end(&encoder);
}

static void add_gzip(const uint8_t *data, size_t size)
{
	z_stream encoder = { .next_in = data, .avail_in = (unsigned int)size };

	assert_int_equal(
		deflateInit2(&encoder, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	encoder.next_out = stream.bytes + stream.size_bytes;
	encoder.avail_out = (unsigned int)(sizeof(stream.bytes) - stream.size_bytes);
	assert_int_equal(deflate(&encoder, Z_FINISH), Z_STREAM_END);
	stream.size_bytes = sizeof(stream.bytes) - encoder.avail_out;
	deflateEnd(&encoder);
}

static void add_raw(const char *text, size_t size)
{
	memcpy(stream.bytes + stream.size_bytes, text, size);
	stream.size_bytes += size;
}

static bool are_archives; /* of which the first bytes show the format */

/* Decodes the stream with pieces of these sizes; *ret_total bytes land in memory of their own. */
static int decode(enum compression compression, size_t in_piece, size_t out_piece, uint8_t *ret,
	size_t *ret_total, struct error *err)
{
	struct decompress *decompress = decompress_new();
	int r = 0;

	if (are_archives)
		decompress_begin_archive(decompress, compression);
	else
		r = decompress_begin(decompress, compression, err);
	*ret_total = 0;
	for (size_t at = 0; r == 0 && at < stream.size_bytes; at += in_piece) {
		size_t left = stream.size_bytes - at;
		size_t size = in_piece < left ? in_piece : left, given, room;
		const uint8_t *data = stream.bytes + at;

		do {
			room = 2 * PLAIN_BYTES - *ret_total;
			room = out_piece < room ? out_piece : room;
			r = decompress_step(
				decompress, &data, &size, ret + *ret_total, room, &given, err);
			*ret_total += r == 0 ? given : 0;
		} while (r == 0 && (size > 0 || given == room));
	}
	if (r == 0)
		r = decompress_finish(decompress, err);
	decompress_free(&decompress);
	return r;
}

static const struct {
	size_t in, out;
} pieces[] = { { STREAM_BYTES, PLAIN_BYTES }, { 1, 4096 }, { 7, 1 }, { 4096, 65536 },
	{ 65536, 100 } };
#define PIECES (sizeof(pieces) / sizeof(pieces[0]))

static void gives(enum compression compression, size_t total_bytes)
{
	uint8_t *got = malloc(2 * PLAIN_BYTES);
	size_t total;

	for (size_t i = 0; i < PIECES; i++) {
		struct error err = { 0 };

		if (decode(compression, pieces[i].in, pieces[i].out, got, &total, &err) < 0)
			fail_msg("pieces %zu: %s", i, err.text);
		assert_int_equal(total, total_bytes);
		assert_memory_equal(got, plain, total_bytes);
	}
	free(got);
}

static void refused(enum compression compression, const char *sentence)
{
	uint8_t *got = malloc(2 * PLAIN_BYTES);
	size_t total;

	for (size_t i = 0; i < PIECES; i++) {
		struct error err = { 0 };

		assert_int_equal(
			decode(compression, pieces[i].in, pieces[i].out, got, &total, &err),
			-EBADMSG);
		assert_int_equal(err.code, EXIT_FETCH);
		if (!strstr(err.text, sentence))
			fail_msg("pieces %zu: '%s' does not say '%s'", i, err.text, sentence);
	}
	free(got);
}

static int empty_stream(void **state)
{
	(void)state;
	stream.size_bytes = 0;
	return 0;
}

static int begin_archives(void **state)
{
	are_archives = true;
	return empty_stream(state);
}

static int end_archives(void **state)
{
	(void)state;
	are_archives = false;
	return 0;
}

static void what_is_not_compressed_passes_through(void **state)
{
	(void)state;
	add_raw((const char *)plain, 10000);
	gives(COMPRESSION_NONE, 10000);
}

static void one_zstd_frame_is_read(void **state)
{
	(void)state;
	add_zstd(plain, PLAIN_BYTES, 20);
	gives(COMPRESSION_ZSTD, PLAIN_BYTES);
}

static void several_zstd_frames_are_one_text(void **state)
{
	(void)state;
	add_zstd(plain, 1000, 20);
	add_zstd(plain, 0, 20);
	add_raw("\x50\x2a\x4d\x18\x03\0\0\0abc", 11); /* a skippable frame */
	add_zstd(plain + 1000, PLAIN_BYTES - 1000, 20);
	gives(COMPRESSION_ZSTD, PLAIN_BYTES);
}

static void a_zstd_window_of_64_mib_is_the_largest(void **state)
{
	(void)state;
	add_zstd(plain, PLAIN_BYTES, 26);
	gives(COMPRESSION_ZSTD, PLAIN_BYTES);
	stream.size_bytes = 0;
	add_zstd(plain, PLAIN_BYTES, 27);
	refused(COMPRESSION_ZSTD, "zstd window is larger than 64 MiB");
}

static void a_zstd_stream_that_breaks_off_is_refused(void **state)
{
	(void)state;
	add_zstd(plain, 5000, 20);
	add_zstd(plain, 5000, 20);
	for (size_t cut = 1; cut < 12; cut++) {
		stream.size_bytes--;
		refused(COMPRESSION_ZSTD, "zstd stream breaks off");
	}
}

static void bytes_behind_zstd_are_refused(void **state)
{
	(void)state;
	add_zstd(plain, 5000, 20);
	add_raw("xyz", 3);
	refused(COMPRESSION_ZSTD, "zstd");
	add_raw("trailing garbage", 16);
	refused(COMPRESSION_ZSTD, "it is not zstd, or bytes that are not follow its end");
}

static void damaged_zstd_is_refused(void **state)
{
	(void)state;
	add_zstd(plain, PLAIN_BYTES, 20);
	stream.bytes[stream.size_bytes / 2] ^= 1;
	refused(COMPRESSION_ZSTD, "zstd stream is damaged");
}

static void one_xz_stream_is_read(void **state)
{
	(void)state;
	add_xz(plain, PLAIN_BYTES, 1 << 20);
	gives(COMPRESSION_XZ, PLAIN_BYTES);
}

static void several_xz_streams_are_one_text(void **state)
{
	(void)state;
	add_xz(plain, 1000, 1 << 20);
	add_raw("\0\0\0\0", 4); /* stream padding */
	add_xz(plain + 1000, PLAIN_BYTES - 1000, 1 << 20);
	gives(COMPRESSION_XZ, PLAIN_BYTES);
}

static void an_xz_dictionary_of_64_mib_is_the_largest(void **state)
{
	(void)state;
	add_xz(plain, PLAIN_BYTES, 64 << 20);
	gives(COMPRESSION_XZ, PLAIN_BYTES);
	stream.size_bytes = 0;
	add_xz(plain, PLAIN_BYTES, 96 << 20);
	refused(COMPRESSION_XZ, "xz dictionary is larger than 64 MiB");
}

static void an_xz_stream_that_breaks_off_is_refused(void **state)
{
	(void)state;
	add_xz(plain, 5000, 1 << 20);
	for (size_t cut = 1; cut < 30; cut++) {
		stream.size_bytes--;
		refused(COMPRESSION_XZ, "xz stream breaks off");
	}
}

static void bytes_behind_xz_are_refused(void **state)
{
	(void)state;
	add_xz(plain, 5000, 1 << 20);
	add_raw("trailing garbage", 16);
	refused(COMPRESSION_XZ, "xz");
}

static void damaged_xz_is_refused(void **state)
{
	(void)state;
	add_xz(plain, PLAIN_BYTES, 1 << 20);
	stream.bytes[stream.size_bytes / 2] ^= 1;
	refused(COMPRESSION_XZ, "xz stream is damaged");
}

static void one_lzma_stream_is_read(void **state)
{
	(void)state;
	add_lzma(plain, PLAIN_BYTES, 1 << 20);
	gives(COMPRESSION_LZMA, PLAIN_BYTES);
	add_raw("xyz", 3);
	refused(COMPRESSION_LZMA, "bytes that are not lzma follow its end");
}

static void an_lzma_dictionary_of_64_mib_is_the_largest(void **state)
{
	(void)state;
	add_lzma(plain, PLAIN_BYTES, 64 << 20);
	gives(COMPRESSION_LZMA, PLAIN_BYTES);
	stream.size_bytes = 0;
	add_lzma(plain, PLAIN_BYTES, 96 << 20);
	refused(COMPRESSION_LZMA, "lzma dictionary is larger than 64 MiB");
}

static void an_lzma_stream_that_breaks_off_is_refused(void **state)
{
	(void)state;
	add_lzma(plain, 5000, 1 << 20);
	for (size_t cut = 1; cut < 30; cut++) {
		stream.size_bytes--;
		refused(COMPRESSION_LZMA, "lzma stream breaks off");
	}
}

static void gzip_members_are_one_text(void **state)
{
	(void)state;
	add_gzip(plain, 1000);
	add_gzip(plain, 0);
	add_gzip(plain + 1000, PLAIN_BYTES - 1000);
	gives(COMPRESSION_GZIP, PLAIN_BYTES);
}

static void a_gzip_stream_that_breaks_off_is_refused(void **state)
{
	(void)state;
	add_gzip(plain, 5000);
	add_gzip(plain, 5000);
	for (size_t cut = 1; cut < 30; cut++) {
		stream.size_bytes--;
		refused(COMPRESSION_GZIP, "gzip stream breaks off");
	}
}

static void damaged_gzip_and_what_follows_it_are_refused(void **state)
{
	(void)state;
	add_gzip(plain, PLAIN_BYTES);
	add_raw("xyz", 3);
	refused(COMPRESSION_GZIP, "it is not gzip, or bytes that are not follow its end");
	stream.size_bytes -= 3;
	stream.bytes[stream.size_bytes / 2] ^= 1;
	refused(COMPRESSION_GZIP, "gzip stream is damaged");
}

static void an_empty_file_is_refused(void **state)
{
	struct error err = { 0 };
	uint8_t got[1];
	size_t total;

	(void)state;
	for (int i = COMPRESSION_NONE; i <= COMPRESSION_LZMA; i++) {
		assert_int_equal(decode((enum compression)i, 1, 1, got, &total, &err), -EBADMSG);
		assert_non_null(strstr(err.text, "it is empty"));
	}
}

static void the_wrong_format_is_refused(void **state)
{
	(void)state;
	add_zstd(plain, 5000, 20);
	refused(COMPRESSION_XZ, "it is not xz");
	stream.size_bytes = 0;
	add_xz(plain, 5000, 1 << 20);
	refused(COMPRESSION_ZSTD, "it is not zstd");
	refused(COMPRESSION_GZIP, "it is not gzip");
	refused(COMPRESSION_LZMA, "it is not lzma");
}

static void the_start_of_an_archive_says_more_than_its_name(void **state)
{
	static const enum compression names[] = { COMPRESSION_ZSTD, COMPRESSION_XZ,
		COMPRESSION_GZIP, COMPRESSION_LZMA, COMPRESSION_UNNAMED };

	(void)state;
	add_raw("nothing of these", 16);
	refused(COMPRESSION_ZSTD, "it is not zstd");
	refused(COMPRESSION_UNNAMED, "neither its narinfo nor its start says how it is compressed");
	for (size_t i = 0; i < 4 * sizeof(names) / sizeof(names[0]); i++) {
		stream.size_bytes = 0;
		switch (i % 4) {
		case 0:
			add_zstd(plain, 5000, 20);
			break;
		case 1:
			add_xz(plain, 5000, 1 << 20);
			break;
		case 2:
			add_gzip(plain, 5000);
			break;
		default:
			add_lzma(plain, 5000, 1 << 20);
			break;
		}
		gives(names[i / 4], 5000);
		stream.size_bytes = 5;
		refused(names[i / 4], "stream breaks off");
	}
}

static void a_decoder_serves_again_after_an_error(void **state)
{
	struct decompress *decompress = decompress_new();
	struct error err = { 0 };
	uint8_t got[100];

	(void)state;
	for (int i = 0; i < 4; i++) {
		enum compression compression = i % 2 ? COMPRESSION_XZ : COMPRESSION_ZSTD;
		const uint8_t *data = (const uint8_t *)"this is neither";
		size_t size = 15, given;

		assert_int_equal(decompress_begin(decompress, compression, &err), 0);
		assert_int_equal(decompress_step(decompress, &data, &size, got, 100, &given, &err),
			-EBADMSG);
		stream.size_bytes = 0;
		if (i % 2)
			add_xz(plain, 100, 1 << 20);
		else
			add_zstd(plain, 100, 20);
		data = stream.bytes;
		size = stream.size_bytes;
		assert_int_equal(decompress_begin(decompress, compression, &err), 0);
		assert_int_equal(
			decompress_step(decompress, &data, &size, got, 100, &given, &err), 0);
		assert_int_equal(given, 100);
		assert_memory_equal(got, plain, 100);
	}
	decompress_free(&decompress);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_not_compressed_passes_through, empty_stream),
		cmocka_unit_test_setup(one_zstd_frame_is_read, empty_stream),
		cmocka_unit_test_setup(several_zstd_frames_are_one_text, empty_stream),
		cmocka_unit_test_setup(a_zstd_window_of_64_mib_is_the_largest, empty_stream),
		cmocka_unit_test_setup(a_zstd_stream_that_breaks_off_is_refused, empty_stream),
		cmocka_unit_test_setup(bytes_behind_zstd_are_refused, empty_stream),
		cmocka_unit_test_setup(damaged_zstd_is_refused, empty_stream),
		cmocka_unit_test_setup(one_xz_stream_is_read, empty_stream),
		cmocka_unit_test_setup(several_xz_streams_are_one_text, empty_stream),
		cmocka_unit_test_setup(an_xz_dictionary_of_64_mib_is_the_largest, empty_stream),
		cmocka_unit_test_setup(an_xz_stream_that_breaks_off_is_refused, empty_stream),
		cmocka_unit_test_setup(bytes_behind_xz_are_refused, empty_stream),
		cmocka_unit_test_setup(damaged_xz_is_refused, empty_stream),
		cmocka_unit_test_setup(one_lzma_stream_is_read, empty_stream),
		cmocka_unit_test_setup(an_lzma_dictionary_of_64_mib_is_the_largest, empty_stream),
		cmocka_unit_test_setup(an_lzma_stream_that_breaks_off_is_refused, empty_stream),
		cmocka_unit_test_setup(gzip_members_are_one_text, empty_stream),
		cmocka_unit_test_setup(a_gzip_stream_that_breaks_off_is_refused, empty_stream),
		cmocka_unit_test_setup(damaged_gzip_and_what_follows_it_are_refused, empty_stream),
		cmocka_unit_test_setup(an_empty_file_is_refused, empty_stream),
		cmocka_unit_test_setup(the_wrong_format_is_refused, empty_stream),
		cmocka_unit_test_setup_teardown(the_start_of_an_archive_says_more_than_its_name,
			begin_archives, end_archives),
		cmocka_unit_test_setup(a_decoder_serves_again_after_an_error, empty_stream),
	};

	return cmocka_run_group_tests(tests, make_plain, NULL);
}
