/* SPDX-License-Identifier: MIT */
#include "verify/kernel_image.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/littleendian.h"
#include "nix/decompress.h"
#include "verify/pe_sections.h"
#include "verify/pv_kernel.h"

/* Image. */
#define SIZE_OFFSET  16 /* of the image in memory, with what is zero at the start */
#define MAGIC_OFFSET 56
#define MAGIC	     "ARM\x64"
#define HEADER_BYTES 64

/* EFI zboot. */
#define ZBOOT_MAGIC	     "zimg"
#define ZBOOT_MAGIC_OFFSET   4
#define ZBOOT_PAYLOAD_OFFSET 8
#define ZBOOT_LENGTH_OFFSET  12
#define ZBOOT_PACKING_OFFSET 24
#define ZBOOT_PACKING_BYTES  32
#define ZBOOT_HEADER_BYTES   64
#define ZBOOT_PAYLOAD_MIN    6

#define PE_POINTER_OFFSET 0x3c
#define PE_MACHINE_OFFSET 4
#define UNPACK_BYTES	  (64 * 1024)

/* The kernel that is read. */
struct kernel_file {
	const char *path;
	const struct architecture *architecture;
};

/* Names in zboot's header: linux, drivers/firmware/efi/libstub/Makefile.zboot. */
static const struct {
	const char *name;
	enum compression compression; /* COMPRESSION_NONE: not unpacked here */
} zboot_packings[] = {
	{ "gzip", COMPRESSION_GZIP },
	{ "xzkern", COMPRESSION_XZ },
	{ "lzma", COMPRESSION_LZMA },
	{ "zstd", COMPRESSION_ZSTD },
	{ "zstd22", COMPRESSION_ZSTD },
	{ "lz4", COMPRESSION_NONE },
	{ "lzo", COMPRESSION_NONE },
};

static int not_a_kernel(const struct kernel_file *file, const char *reason, struct error *err)
{
	return error_set_code(err, EXIT_VERIFY, -EINVAL, "%s is not a kernel for %s: %s.",
		file->path, file->architecture->name, reason);
}

static bool is_arm_image(const uint8_t *image, size_t size_bytes)
{
	return size_bytes >= HEADER_BYTES && memcmp(image + MAGIC_OFFSET, MAGIC, 4) == 0;
}

static bool is_zboot(const uint8_t *image, size_t size_bytes)
{
	return size_bytes >= ZBOOT_HEADER_BYTES && memcmp(image, "MZ", 2) == 0 &&
	       memcmp(image + ZBOOT_MAGIC_OFFSET, ZBOOT_MAGIC, 4) == 0;
}

static bool is_gzip(const uint8_t *image, size_t size_bytes)
{
	return size_bytes >= 2 && memcmp(image, "\037\213", 2) == 0;
}

/* The file is an EFI program as well: its header says for which machine, and where the sections
 * end. */
static int check_program(
	const struct kernel_file *file, const uint8_t *image, size_t size_bytes, struct error *err)
{
	static const char *const sections[] = { ".text", ".data" };
	struct pe_section section;
	struct error reason;

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (pe_sections_find("it", image, size_bytes, sections[i], &section, &reason) ==
			-EBADMSG)
			return not_a_kernel(file, "it is damaged or not complete", err);
	if (get_le16(image + get_le32(image + PE_POINTER_OFFSET) + PE_MACHINE_OFFSET) !=
		file->architecture->pe_machine)
		return not_a_kernel(file, "its header names another architecture", err);
	return 0;
}

static int check_plain(
	const struct kernel_file *file, const uint8_t *image, size_t size_bytes, struct error *err)
{
	uint64_t memory_bytes = get_le64(image + SIZE_OFFSET);

	if (memory_bytes != 0 && memory_bytes < size_bytes)
		return not_a_kernel(file, "it is larger than its header says", err);
	return memcmp(image, "MZ", 2) == 0 ? check_program(file, image, size_bytes, err) : 0;
}

/* Unpacks up to the end, or up to the header of an Image. */
static int check_unpacked(const struct kernel_file *file, const uint8_t *payload, size_t size_bytes,
	enum compression compression, bool to_end, struct error *err)
{
	CLEANUP(decompress_free) struct decompress *decompress = decompress_new();
	AUTO_FREE uint8_t *piece = must_realloc(NULL, UNPACK_BYTES, 1);
	struct error damage;
	size_t used = 0, got;
	int r = decompress_begin(decompress, compression, err);

	if (r < 0)
		return r;
	do {
		got = 0;
		r = decompress_step(decompress, &payload, &size_bytes, piece + used,
			UNPACK_BYTES - used, &got, &damage);
		used += got;
	} while (r == 0 && got > 0 && used < HEADER_BYTES);
	if (r == 0 && !is_arm_image(piece, used))
		return not_a_kernel(file, "what it holds is not an Image", err);
	while (r == 0 && to_end && got > 0) {
		got = 0;
		r = decompress_step(
			decompress, &payload, &size_bytes, piece, UNPACK_BYTES, &got, &damage);
	}
	if (r == 0 && to_end)
		r = decompress_finish(decompress, &damage);
	return r < 0 ? not_a_kernel(file, "what it holds cannot be unpacked", err) : 0;
}

static int check_payload_in(const struct kernel_file *file, const uint8_t *payload,
	size_t size_bytes, const char *packing, struct error *err)
{
	for (size_t i = 0; i < sizeof(zboot_packings) / sizeof(zboot_packings[0]); i++) {
		enum compression compression = zboot_packings[i].compression;

		if (strncmp(packing, zboot_packings[i].name, ZBOOT_PACKING_BYTES) != 0)
			continue;
		if (compression == COMPRESSION_NONE ||
			(compression == COMPRESSION_ZSTD && decompress_has_large_window(payload)))
			return 0;
		return check_unpacked(file, payload, size_bytes, compression, false, err);
	}
	return not_a_kernel(file, "how it is compressed is not known", err);
}

static int check_zboot(
	const struct kernel_file *file, const uint8_t *image, size_t size_bytes, struct error *err)
{
	uint64_t offset = get_le32(image + ZBOOT_PAYLOAD_OFFSET);
	uint64_t length = get_le32(image + ZBOOT_LENGTH_OFFSET);
	int r = check_program(file, image, size_bytes, err);

	if (r < 0)
		return r;
	if (offset > size_bytes || length > size_bytes - offset || length < ZBOOT_PAYLOAD_MIN)
		return not_a_kernel(file, "its payload reaches beyond its end", err);
	return check_payload_in(
		file, image + offset, length, (const char *)image + ZBOOT_PACKING_OFFSET, err);
}

int kernel_image_check(const char *path, const uint8_t *image, size_t size_bytes,
	const struct architecture *architecture, struct error *err)
{
	const struct kernel_file file = { .path = path, .architecture = architecture };
	unsigned formats = architecture->kernel_formats;

	if (formats & KERNEL_BZIMAGE)
		return pv_kernel_check_image(path, image, size_bytes, err);
	if (formats & KERNEL_ZBOOT && is_zboot(image, size_bytes))
		return check_zboot(&file, image, size_bytes, err);
	if (formats & KERNEL_IMAGE && is_arm_image(image, size_bytes))
		return check_plain(&file, image, size_bytes, err);
	if (formats & KERNEL_GZIP && is_gzip(image, size_bytes))
		return check_unpacked(&file, image, size_bytes, COMPRESSION_GZIP, true, err);
	return not_a_kernel(
		&file, "it is neither Image, nor Image.gz, nor an EFI zboot image", err);
}
