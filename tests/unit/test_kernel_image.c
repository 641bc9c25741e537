/* SPDX-License-Identifier: MIT */
/* Proves which files are taken for kernels of an architecture, and why others are not. */
#define ZLIB_CONST /* zlib.h: input is const */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/littleendian.h"
#include "verify/kernel_image.h"

#define PE_AT	   64
#define TABLE_AT   (PE_AT + 24)
#define DATA_AT	   1024
#define PAYLOAD_AT 2048
#define PACKING_AT 24

static uint8_t image[4096];
static size_t image_bytes;

static const struct architecture *arm(void)
{
	return architecture_find("aarch64");
}

static void put_section(size_t index, const char *name, uint32_t offset, uint32_t size)
{
	uint8_t *header = image + TABLE_AT + index * 40;

	memcpy(header, name, strlen(name));
	put_le32(header + 8, size);
	put_le32(header + 16, size);
	put_le32(header + 20, offset);
}

/* The headers of an EFI program whose last section ends where the file does. */
static void put_headers(void)
{
	memcpy(image, "MZ", 2);
	put_le32(image + 0x3c, PE_AT);
	memcpy(image + PE_AT, "PE\0\0\x64\xaa\2\0", 8);
	put_section(0, ".text", 512, 512);
	put_section(1, ".data", DATA_AT, sizeof(image) - DATA_AT);
}

/* An arm64 Image with an EFI stub, of which each test changes one thing. */
static int begin(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	put_headers();
	put_le32(image + 16, 2 * sizeof(image));
	memcpy(image + 56, "ARM\x64", 4);
	image_bytes = sizeof(image);
	return 0;
}

static void takes(void)
{
	struct error err = { 0 };

	if (kernel_image_check("/k", image, image_bytes, arm(), &err) < 0)
		fail_msg("%s", err.text);
}

static void refuses(const char *reason)
{
	struct error err = { 0 };

	assert_true(kernel_image_check("/k", image, image_bytes, arm(), &err) < 0);
	assert_int_equal(err.code, EXIT_VERIFY);
	if (!strstr(err.text, reason))
		fail_msg("\"%s\" is not in \"%s\"", reason, err.text);
}

static void an_image_is_taken_with_and_without_an_efi_stub(void **state)
{
	(void)state;
	takes();
	memset(image, 0, 16);
	takes();
	put_le32(image + 16, 0); /* before Linux 3.17 */
	takes();
}

static void an_image_has_to_be_whole_and_of_its_architecture(void **state)
{
	(void)state;
	image_bytes--;
	refuses("/k is not a kernel for aarch64: it is damaged or not complete.");
	begin(state);
	memcpy(image + PE_AT + 4, "\x64\x86", 2);
	refuses("its header names another architecture");
	begin(state);
	put_le32(image + 0x3c, 4090);
	refuses("damaged or not complete");
	begin(state);
	put_le32(image + 16, sizeof(image) - 1);
	refuses("larger than its header says");
}

static void other_files_are_no_kernels(void **state)
{
	struct error err = { 0 };

	(void)state;
	image_bytes = 63;
	refuses("neither Image, nor Image.gz, nor an EFI zboot image");
	image_bytes = 0;
	refuses("neither Image");
	begin(state);
	image[56] = 'a';
	refuses("neither Image");
	begin(state);
	assert_true(kernel_image_check(
			    "/k", image, image_bytes, architecture_find("x86_64"), &err) < 0);
	assert_string_equal(
		err.text, "/k is not a kernel: neither a whole bzImage nor an ELF file.");
}

static void a_format_that_the_architecture_does_not_have_is_refused(void **state)
{
	static const char *const magics[] = { "zimg", "____" };
	struct architecture none = *arm();
	struct error err;

	(void)state;
	none.kernel_formats = 0;
	for (size_t i = 0; i < 2; i++) {
		memcpy(image + 4, magics[i], 4);
		assert_true(kernel_image_check("/k", image, image_bytes, &none, &err) < 0);
		assert_non_null(strstr(err.text, "neither Image"));
	}
	memcpy(image, "\037\213", 2);
	image[56] = 0;
	assert_true(kernel_image_check("/k", image, image_bytes, &none, &err) < 0);
}

/* Packs the beginning of the image; returns the size. */
static size_t pack_some(uint8_t *ret, size_t capacity_bytes, size_t size_bytes)
{
	z_stream stream = { .next_in = image, .avail_in = (unsigned)size_bytes };

	assert_int_equal(
		deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_out = ret;
	stream.avail_out = (unsigned)capacity_bytes;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return capacity_bytes - stream.avail_out;
}

static size_t pack(uint8_t *ret, size_t capacity_bytes)
{
	return pack_some(ret, capacity_bytes, sizeof(image));
}

static void pack_whole(void)
{
	static uint8_t packed[sizeof(image)];

	image_bytes = pack(packed, sizeof(packed));
	memcpy(image, packed, image_bytes);
}

static void an_image_compressed_with_gzip_is_read_to_its_end(void **state)
{
	uint8_t few[256];

	(void)state;
	pack_whole();
	takes();
	image[image_bytes - 8] ^= 1; /* of the checksum */
	refuses("what it holds cannot be unpacked");
	begin(state);
	pack_whole();
	image_bytes--;
	refuses("what it holds cannot be unpacked");
	begin(state);
	image[56] = 'a';
	pack_whole();
	refuses("what it holds is not an Image");
	begin(state);
	image_bytes = pack_some(few, sizeof(few), 63);
	memcpy(image, few, image_bytes);
	refuses("what it holds is not an Image");
}

static void put_payload(const char *packing, const void *payload, size_t size_bytes)
{
	memset(image, 0, sizeof(image));
	put_headers();
	memcpy(image + 4, "zimg", 4);
	put_le32(image + 8, PAYLOAD_AT);
	put_le32(image + 12, (uint32_t)size_bytes);
	memcpy(image + PACKING_AT, packing, strlen(packing));
	memcpy(image + PAYLOAD_AT, payload, size_bytes);
}

static void put_gzip(const char *packing)
{
	uint8_t packed[1024];

	begin(NULL);
	put_payload(packing, packed, pack(packed, sizeof(packed)));
}

/* A zstd frame with one block, which is not compressed (RFC 8878). */
static void put_zstd(void)
{
	uint8_t frame[9 + 64] = "\x28\xb5\x2f\xfd\x20\x40\x01\x02";

	begin(NULL);
	memcpy(frame + 9, image, 64);
	put_payload("zstd22", frame, sizeof(frame));
}

static void an_efi_zboot_image_holds_an_image(void **state)
{
	(void)state;
	put_gzip("gzip");
	takes();
	put_zstd();
	takes();
	put_payload("zstd", "\x28\xb5\x2f\xfd\x00\x88", 6);
	takes(); /* a window of 128 MiB: unread */
	put_payload("lz4", "\002!L\030__", 6);
	takes();
	put_payload("gzip", "\037\213____", 6);
	refuses("what it holds cannot be unpacked");
	put_gzip("xzkern");
	refuses("what it holds cannot be unpacked");
	put_gzip("best");
	refuses("how it is compressed is not known");
}

static void an_efi_zboot_image_has_to_be_whole(void **state)
{
	(void)state;
	put_gzip("gzip");
	put_le32(image + 12, sizeof(image));
	refuses("its payload reaches beyond its end");
	put_gzip("gzip");
	put_le32(image + 8, 0xffffffff);
	refuses("its payload reaches beyond its end");
	put_gzip("gzip");
	put_le32(image + 12, 5);
	refuses("its payload reaches beyond its end");
	put_gzip("gzip");
	memcpy(image + PE_AT + 4, "\x64\x86", 2);
	refuses("its header names another architecture");
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_image_is_taken_with_and_without_an_efi_stub),
		TEST(an_image_has_to_be_whole_and_of_its_architecture),
		TEST(other_files_are_no_kernels),
		TEST(a_format_that_the_architecture_does_not_have_is_refused),
		TEST(an_image_compressed_with_gzip_is_read_to_its_end),
		TEST(an_efi_zboot_image_holds_an_image),
		TEST(an_efi_zboot_image_has_to_be_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
