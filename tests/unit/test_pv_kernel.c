/* SPDX-License-Identifier: MIT */
/* Proves which files are taken for kernels of a PV domain, and why others are not. */
#define ZLIB_CONST /* zlib.h: input is const */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/littleendian.h"
#include "verify/lz4_blocks.h"
#include "verify/pv_kernel.h"

#define IMAGE_BYTES  4096
#define SETUP_SECTS  1
#define PAYLOAD_AT   (2 * 512 + 64)
#define PAYLOAD_SIZE 512

static uint8_t image[IMAGE_BYTES];

/* A zstd frame with a window of 128 MiB, which is not unpacked. */
static const char unread[] = "\x28\xb5\x2f\xfd\x00\x88";

/* A bzImage of protocol 2.15 whose payload is taken, of which each test changes one thing. */
static int begin(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	image[0x1f1] = SETUP_SECTS;
	memcpy(image + 0x202, "HdrS\x0f\x02", 6);
	image[0x248] = 64;
	image[0x24d] = PAYLOAD_SIZE >> 8;
	memcpy(image + PAYLOAD_AT, unread, sizeof(unread));
	return 0;
}

static void takes(void)
{
	struct error err = { 0 };

	if (pv_kernel_check("/k", image, sizeof(image), &err) < 0)
		fail_msg("%s", err.text);
}

static void refuses(size_t size_bytes, const char *reason)
{
	struct error err = { 0 };

	assert_true(pv_kernel_check("/k", image, size_bytes, &err) < 0);
	assert_int_equal(err.code, EXIT_VERIFY);
	if (!strstr(err.text, reason))
		fail_msg("\"%s\" is not in \"%s\"", reason, err.text);
}

static void set_payload(const char *magic, size_t bytes)
{
	memset(image + PAYLOAD_AT, 0, PAYLOAD_SIZE);
	memcpy(image + PAYLOAD_AT, magic, bytes);
}

/* XEN_ELFNOTE_ENTRY in a place where an ELF file may have it. */
static void put_note(uint8_t *at)
{
	memcpy(at, "\4\0\0\0\10\0\0\0\1\0\0\0Xen", 16);
}

static void what_xen_undoes_and_we_do_not_is_taken(void **state)
{
	(void)state;
	takes();
}

#define PLAIN_BYTES (600 * 1024)
#define LZ4_BLOCK   (PLAIN_BYTES / 2)

static uint8_t plain[PLAIN_BYTES];

static size_t pack_xz(uint8_t *ret, size_t capacity_bytes)
{
	size_t packed = 0;

	assert_int_equal(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, plain, PLAIN_BYTES, ret,
				 &packed, capacity_bytes),
		LZMA_OK);
	return packed;
}

static size_t pack_zstd(uint8_t *ret, size_t capacity_bytes)
{
	return ZSTD_compress(ret, capacity_bytes, plain, PLAIN_BYTES, 3);
}

static size_t pack_lzma(uint8_t *ret, size_t capacity_bytes)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	assert_false(lzma_lzma_preset(&options, 6));
	assert_int_equal(lzma_alone_encoder(&stream, &options), LZMA_OK);
	stream.next_in = plain;
	stream.avail_in = PLAIN_BYTES;
	stream.next_out = ret;
	stream.avail_out = capacity_bytes;
	assert_int_equal(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
	lzma_end(&stream);
	return capacity_bytes - stream.avail_out;
}

static size_t pack_gzip(uint8_t *ret, size_t capacity_bytes)
{
	z_stream stream = { .next_in = plain, .avail_in = PLAIN_BYTES };

	assert_int_equal(
		deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_out = ret;
	stream.avail_out = (unsigned int)capacity_bytes;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return capacity_bytes - stream.avail_out;
}

/* Two blocks, each with its packed size before it (32 bits, little endian). */
static size_t pack_lz4(uint8_t *ret, size_t capacity_bytes)
{
	size_t used = 4;

	memcpy(ret, "\x02\x21\x4c\x18", 4);
	for (int block = 0; block < 2; block++) {
		int packed = LZ4_compress_default((const char *)plain + block * LZ4_BLOCK,
			(char *)ret + used + 4, LZ4_BLOCK, (int)(capacity_bytes - used - 4));

		assert_true(packed > 0);
		put_le32(ret + used, (uint32_t)packed);
		used += 4 + (size_t)packed;
	}
	return used;
}

/* As the kernel's build packs: with the unpacked size behind the stream, where it is not in it. */
static const struct {
	size_t (*pack)(uint8_t *ret, size_t capacity_bytes);
	size_t size_bytes;
} packers[] = { { pack_xz, 4 }, { pack_zstd, 4 }, { pack_lzma, 4 }, { pack_gzip, 0 },
	{ pack_lz4, 4 } };
#define PACKERS (sizeof(packers) / sizeof(packers[0]))

/* Puts plain, packed, into the image. */
static void pack(size_t packer)
{
	const size_t room = IMAGE_BYTES - PAYLOAD_AT;
	size_t packed;

	memset(image + PAYLOAD_AT, 0, room);
	packed = packers[packer].pack(image + PAYLOAD_AT, room);
	assert_true(packed > 0 && packed + 4 < room);
	packed += packers[packer].size_bytes;
	image[0x24c] = packed & 0xff;
	image[0x24d] = (uint8_t)(packed >> 8);
}

static void a_packed_kernel_needs_xens_note(void **state)
{
	/* in the first piece, on borders between pieces, and at the end */
	static const size_t places[] = { 0, 256 * 1024 - 8, LZ4_BLOCK - 8, PLAIN_BYTES - 16 };

	(void)state;
	for (size_t packer = 0; packer < PACKERS; packer++) {
		memset(plain, 0, sizeof(plain));
		pack(packer);
		refuses(sizeof(image), "CONFIG_XEN_PV");
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			memset(plain, 0, sizeof(plain));
			put_note(plain + places[i]);
			pack(packer);
			takes();
		}
	}
}

static void blocks_with_a_wrong_size_are_refused(void **state)
{
	static uint8_t block[LZ4_BLOCK_BYTES];
	static uint8_t huge[LZ4_COMPRESSBOUND(LZ4_BLOCK_BYTES) + 5];
	const uint8_t *data = (const uint8_t *)"\1\0";
	size_t size_bytes = 3, got;

	(void)state;
	assert_int_equal(lz4_blocks_next(&data, &size_bytes, block, &got), -EBADMSG);
	put_le32(huge, sizeof(huge) - 4);
	data = huge;
	size_bytes = sizeof(huge);
	assert_int_equal(lz4_blocks_next(&data, &size_bytes, block, &got), -EBADMSG);
	put_le32(huge, 1);
	huge[4] = 0; /* a block of no bytes */
	data = huge;
	size_bytes = 5;
	assert_int_equal(lz4_blocks_next(&data, &size_bytes, block, &got), -EBADMSG);
}

/* Nothing of a stream that breaks off is taken for its end. */
static void blocks_of_lz4_come_one_by_one(void **state)
{
	static uint8_t block[LZ4_BLOCK_BYTES];
	uint8_t packed[IMAGE_BYTES];
	const uint8_t *data = packed;
	size_t size_bytes, whole_bytes, got;

	(void)state;
	memset(plain, 'x', sizeof(plain));
	size_bytes = whole_bytes = pack_lz4(packed, sizeof(packed));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(lz4_blocks_next(&data, &size_bytes, block, &got), 1);
		assert_int_equal(got, LZ4_BLOCK);
		assert_memory_equal(block, plain, LZ4_BLOCK);
	}
	assert_int_equal(lz4_blocks_next(&data, &size_bytes, block, &got), 0);
	for (size_t cut = 1; cut < 8; cut++) {
		data = packed;
		size_bytes = whole_bytes - cut;
		assert_int_equal(lz4_blocks_next(&data, &size_bytes, block, &got), 1);
		assert_int_equal(lz4_blocks_next(&data, &size_bytes, block, &got), -EBADMSG);
	}
}

static void a_damaged_payload_is_refused(void **state)
{
	(void)state;
	for (size_t packer = 0; packer < PACKERS; packer++) {
		memset(plain, 0, sizeof(plain));
		pack(packer);
		image[PAYLOAD_AT + 20] ^= 0x55;
		refuses(sizeof(image), "cannot be unpacked");
		pack(packer);
		image[0x24c] = 24;
		image[0x24d] = 0;
		refuses(sizeof(image), "cannot be unpacked");
	}
}

static void a_kernel_for_a_host_needs_a_whole_header(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(pv_kernel_check_image("/k", image, sizeof(image), &err), 0);
	assert_true(pv_kernel_check_image("/k", image, PAYLOAD_AT, &err) < 0);
	assert_true(pv_kernel_check_image("/k", image, 0, &err) < 0);
	image[0x24d] = 0;
	assert_true(pv_kernel_check_image("/k", image, sizeof(image), &err) < 0);
	memcpy(image, "\177ELF", 4);
	assert_int_equal(pv_kernel_check_image("/k", image, sizeof(image), &err), 0);
	memset(image, 0, 4);
	image[0x203] = 'x';
	assert_true(pv_kernel_check_image("/k", image, sizeof(image), &err) < 0);
	assert_string_equal(
		err.text, "/k is not a kernel: neither a whole bzImage nor an ELF file.");
}

static void others_are_refused_by_name(void **state)
{
	(void)state;
	set_payload("BZh9", 4);
	refuses(sizeof(image), "compressed with bzip2");
	set_payload("\x89LZO", 4);
	refuses(sizeof(image), "compressed with lzo");
	set_payload("MZ", 2);
	refuses(sizeof(image), "compression is not known");
}

/* A frame of zstd, whose header alone decides. */
static void a_frame_with_a_small_window_or_cut_is_unpacked(void **state)
{
	(void)state;
	set_payload("\x28\xb5\x2f\xfd\x00\x48", 6);
	refuses(sizeof(image), "cannot be unpacked");
	set_payload("\x28\xb5\x2f\xfd\x20\x88", 6);
	refuses(sizeof(image), "cannot be unpacked");
	image[0x24c] = 8;
	image[0x24d] = 0;
	set_payload("\x28\xb5\x2f\xfd\x00\x48", 6);
	refuses(sizeof(image), "cannot be unpacked");
}

static void a_payload_of_few_bytes_is_of_no_known_kind(void **state)
{
	(void)state;
	image[0x24d] = 0;
	set_payload("\177ELF", 4);
	for (image[0x24c] = 0; image[0x24c] < 4; image[0x24c]++)
		refuses(sizeof(image), "compression is not known");
}

static void a_plain_payload_needs_xens_note(void **state)
{
	(void)state;
	set_payload("\177ELF", 4);
	refuses(sizeof(image), "CONFIG_XEN_PV");
	put_note(image + PAYLOAD_AT + 128);
	takes();
}

static void an_elf_file_needs_xens_note(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	memcpy(image, "\177ELF", 4);
	refuses(sizeof(image), "CONFIG_XEN_PV");
	put_note(image + IMAGE_BYTES - 16);
	takes();
	image[IMAGE_BYTES - 8] = 18; /* where a PVH domain begins */
	refuses(sizeof(image), "CONFIG_XEN_PV");
	image[IMAGE_BYTES - 8] = 1;
	image[IMAGE_BYTES - 2] = 'N'; /* a note of another vendor */
	refuses(sizeof(image), "CONFIG_XEN_PV");
}

static void what_is_no_kernel_is_refused(void **state)
{
	(void)state;
	refuses(0, "too small");
	refuses(0x24f, "too small");
	image[0x202] = 'X';
	refuses(sizeof(image), "neither a bzImage nor an ELF file");
}

static void an_old_protocol_is_refused(void **state)
{
	(void)state;
	image[0x206] = 7;
	refuses(sizeof(image), "older than 2.08");
	image[0x206] = 8;
	takes();
}

static void a_payload_beyond_the_end_is_refused(void **state)
{
	(void)state;
	refuses(PAYLOAD_AT + PAYLOAD_SIZE - 1, "beyond its end");
	image[0x24f] = 0xff;
	refuses(sizeof(image), "beyond its end");
	image[0x24f] = 0;
	image[0x24b] = 0xff;
	refuses(sizeof(image), "beyond its end");
}

static void every_length_is_survived(void **state)
{
	struct error err;

	(void)state;
	for (size_t i = 0; i <= sizeof(image); i++)
		(void)!pv_kernel_check("/k", image, i, &err);
	memset(image, 0xff, sizeof(image));
	memcpy(image, "\177ELF", 4);
	for (size_t i = 0; i <= sizeof(image); i++)
		(void)!pv_kernel_check("/k", image, i, &err);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_xen_undoes_and_we_do_not_is_taken),
		TEST(a_packed_kernel_needs_xens_note),
		TEST(blocks_with_a_wrong_size_are_refused),
		TEST(blocks_of_lz4_come_one_by_one),
		TEST(a_damaged_payload_is_refused),
		TEST(a_kernel_for_a_host_needs_a_whole_header),
		TEST(others_are_refused_by_name),
		TEST(a_frame_with_a_small_window_or_cut_is_unpacked),
		TEST(a_payload_of_few_bytes_is_of_no_known_kind),
		TEST(a_plain_payload_needs_xens_note),
		TEST(an_elf_file_needs_xens_note),
		TEST(what_is_no_kernel_is_refused),
		TEST(an_old_protocol_is_refused),
		TEST(a_payload_beyond_the_end_is_refused),
		TEST(every_length_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
