/* SPDX-License-Identifier: MIT */
/*
 * Header: Linux, Documentation/arch/x86/boot.rst ("The Real-Mode Kernel Header"). What is done with
 * it: Xen 4.17, tools/libs/guest/xg_dom_bzimageloader.c and xg_dom_elfloader.c. The note: Xen,
 * xen/include/public/elfnote.h.
 */
#include "verify/pv_kernel.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/littleendian.h"
#include "base/units.h"
#include "nix/decompress.h"
#include "verify/lz4_blocks.h"

#define SETUP_SECTS_OFFSET    0x1f1
#define MAGIC_OFFSET	      0x202
#define VERSION_OFFSET	      0x206
#define PAYLOAD_OFFSET_OFFSET 0x248
#define PAYLOAD_LENGTH_OFFSET 0x24c
#define HEADER_BYTES	      0x250
#define VERSION_MIN	      0x0208 /* the first with payload_offset */

#define SIZE_BYTES   4 /* scripts/Makefile.lib of Linux, size_append; gzip ends with its own */
#define UNPACK_BYTES (256 * 1024)

/* A note of Xen's: sizes of name and content, its type, its name. */
#define NOTE_BYTES	16
#define NOTE_NAME	"Xen"
#define NOTE_ENTRY	1 /* XEN_ELFNOTE_ENTRY: where a PV domain begins */
#define NOTE_NAME_BYTES 4

/* How a payload may be compressed. */
struct packing {
	const char *name;
	const char *magic;
	size_t bytes;
	int (*check)(const char *path, const uint8_t *payload, size_t size_bytes,
		const struct packing *packing, struct error *err); /* NULL: Xen does not undo it */
	enum compression compression;
	size_t size_bytes; /* behind it: the unpacked size, which is not part of it */
};

static int refuse_kernel(const char *path, const char *reason, struct error *err)
{
	return error_set_code(
		err, EXIT_VERIFY, -EINVAL, "Xen cannot start %s as a PV domain: %s.", path, reason);
}

/* Whether a note says where a PV domain begins. */
static bool has_entry_note(const uint8_t *elf, size_t size_bytes)
{
	for (size_t at = 0; at + NOTE_BYTES <= size_bytes; at += 4)
		if (get_le32(elf + at) == NOTE_NAME_BYTES && get_le32(elf + at + 8) == NOTE_ENTRY &&
			memcmp(elf + at + 12, NOTE_NAME, NOTE_NAME_BYTES) == 0)
			return true;
	return false;
}

static int check_elf(const char *path, const uint8_t *elf, size_t size_bytes, struct error *err)
{
	if (has_entry_note(elf, size_bytes))
		return 0;
	return refuse_kernel(path, "it is built without support for PV (CONFIG_XEN_PV)", err);
}

/*
 * Unpacks a compressed kernel piece by piece and looks for the note in each piece. The last
 * NOTE_BYTES of a piece stay in front of the next one, so that a note on the border is found; full
 * pieces keep the alignment of four bytes. Fails where the stream breaks off or is damaged, or
 * where no piece has the note.
 */
static int check_packed(const char *path, const uint8_t *payload, size_t size_bytes,
	const struct packing *packing, struct error *err)
{
	CLEANUP(decompress_free) struct decompress *decompress = decompress_new();
	AUTO_FREE uint8_t *piece = must_realloc(NULL, NOTE_BYTES + UNPACK_BYTES, 1);
	size_t used, got;
	struct error damage;
	int r = decompress_begin(decompress, packing->compression, err);

	if (r < 0)
		return r;
	memset(piece, 0, NOTE_BYTES);
	do {
		used = 0;
		do {
			got = 0;
			r = decompress_step(decompress, &payload, &size_bytes,
				piece + NOTE_BYTES + used, UNPACK_BYTES - used, &got, &damage);
			used += got;
		} while (r == 0 && got > 0 && used < UNPACK_BYTES);
		if (has_entry_note(piece, NOTE_BYTES + used))
			return 0;
		memmove(piece, piece + used, NOTE_BYTES);
	} while (r == 0 && used == UNPACK_BYTES);
	if (r < 0 || decompress_finish(decompress, &damage) < 0)
		return refuse_kernel(path, "what it holds cannot be unpacked", err);
	return refuse_kernel(path, "it is built without support for PV (CONFIG_XEN_PV)", err);
}

/* The same, in the pieces that the format has. */
static int check_lz4(const char *path, const uint8_t *payload, size_t size_bytes,
	const struct packing *packing, struct error *err)
{
	AUTO_FREE uint8_t *piece = must_realloc(NULL, NOTE_BYTES + LZ4_BLOCK_BYTES, 1);
	size_t got = 0;
	int r;

	(void)packing;
	memset(piece, 0, NOTE_BYTES);
	while ((r = lz4_blocks_next(&payload, &size_bytes, piece + NOTE_BYTES, &got)) > 0) {
		if (has_entry_note(piece, NOTE_BYTES + got))
			return 0;
		memmove(piece, piece + got, NOTE_BYTES);
	}
	if (r < 0)
		return refuse_kernel(path, "what it holds cannot be unpacked", err);
	return refuse_kernel(path, "it is built without support for PV (CONFIG_XEN_PV)", err);
}

/* What Xen's domain builder undoes, as distributions compile it. */
static const struct packing packings[] = {
	{ "gzip", "\037\213", 2, check_packed, COMPRESSION_GZIP, 0 },
	{ "xz", "\3757zXZ", 5, check_packed, COMPRESSION_XZ, SIZE_BYTES },
	{ "lzma", "\135\000", 2, check_packed, COMPRESSION_LZMA, SIZE_BYTES },
	{ "lz4", "\002!L\030", 4, check_lz4, COMPRESSION_NONE, SIZE_BYTES },
	{ "zstd", "\050\265\057\375", 4, check_packed, COMPRESSION_ZSTD, SIZE_BYTES },
	{ "bzip2", "BZh", 3, NULL, COMPRESSION_NONE, SIZE_BYTES },
	{ "lzo", "\211LZO", 4, NULL, COMPRESSION_NONE, SIZE_BYTES },
};

static int check_payload(
	const char *path, const uint8_t *payload, size_t size_bytes, struct error *err)
{
	if (size_bytes >= 4 && memcmp(payload, "\177ELF", 4) == 0)
		return check_elf(path, payload, size_bytes, err);
	for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
		if (size_bytes < packings[i].bytes + packings[i].size_bytes ||
			memcmp(payload, packings[i].magic, packings[i].bytes) != 0)
			continue;
		if (!packings[i].check)
			return error_set_code(err, EXIT_VERIFY, -EINVAL,
				"Xen cannot start %s as a PV domain: it is compressed with %s, "
				"which Xen's domain builder does not undo; use zstd, xz or gzip.",
				path, packings[i].name);
		/* Kernels that were packed with "zstd --ultra -22" may: their notes stay unread. */
		if (packings[i].compression == COMPRESSION_ZSTD &&
			decompress_has_large_window(payload))
			return 0;
		return packings[i].check(
			path, payload, size_bytes - packings[i].size_bytes, &packings[i], err);
	}
	return refuse_kernel(path, "its compression is not known to Xen's domain builder", err);
}

static int find_payload(const char *path, const uint8_t *image, size_t size_bytes,
	uint64_t *ret_offset, uint64_t *ret_bytes, struct error *err)
{
	uint64_t offset, length;

	if (memcmp(image + MAGIC_OFFSET, "HdrS", 4) != 0)
		return refuse_kernel(path, "it is neither a bzImage nor an ELF file", err);
	if (get_le16(image + VERSION_OFFSET) < VERSION_MIN)
		return refuse_kernel(path, "its boot protocol is older than 2.08", err);
	offset = (image[SETUP_SECTS_OFFSET] + 1ULL) * SECTOR_BYTES +
		 get_le32(image + PAYLOAD_OFFSET_OFFSET);
	length = get_le32(image + PAYLOAD_LENGTH_OFFSET);
	if (offset > size_bytes || length > size_bytes - offset)
		return refuse_kernel(path, "its payload reaches beyond its end", err);
	*ret_offset = offset;
	*ret_bytes = length;
	return 0;
}

int pv_kernel_check_image(
	const char *path, const uint8_t *image, size_t size_bytes, struct error *err)
{
	uint64_t offset, length;

	if (size_bytes >= HEADER_BYTES && memcmp(image, "\177ELF", 4) == 0)
		return 0;
	if (size_bytes < HEADER_BYTES ||
		find_payload("it", image, size_bytes, &offset, &length, err) < 0 || length == 0)
		return error_set_code(err, EXIT_VERIFY, -EINVAL,
			"%s is not a kernel: neither a whole bzImage nor an ELF file.", path);
	return 0;
}

int pv_kernel_check(const char *path, const uint8_t *image, size_t size_bytes, struct error *err)
{
	uint64_t offset, length;
	int r;

	if (size_bytes < HEADER_BYTES)
		return refuse_kernel(path, "it is too small to be a kernel", err);
	if (memcmp(image, "\177ELF", 4) == 0)
		return check_elf(path, image, size_bytes, err);
	r = find_payload(path, image, size_bytes, &offset, &length, err);
	if (r < 0)
		return r;
	return check_payload(path, image + offset, length, err);
}
