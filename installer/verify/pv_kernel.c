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

#include "base/littleendian.h"

#define SETUP_SECTS_OFFSET    0x1f1
#define MAGIC_OFFSET	      0x202
#define VERSION_OFFSET	      0x206
#define PAYLOAD_OFFSET_OFFSET 0x248
#define PAYLOAD_LENGTH_OFFSET 0x24c
#define HEADER_BYTES	      0x250
#define VERSION_MIN	      0x0208 /* the first with payload_offset */
#define SECTOR_BYTES	      512

/* A note of Xen's: sizes of name and content, its type, its name. */
#define NOTE_BYTES	16
#define NOTE_NAME	"Xen"
#define NOTE_ENTRY	1 /* XEN_ELFNOTE_ENTRY: where a PV domain begins */
#define NOTE_NAME_BYTES 4

static const struct {
	const char *name;
	const char *magic;
	size_t bytes;
	bool taken; /* by the builder as distributions compile it */
} compressions[] = {
	{ "gzip", "\037\213", 2, true },
	{ "xz", "\3757zXZ", 5, true },
	{ "lzma", "\135\000", 2, true },
	{ "lz4", "\002!L\030", 4, true },
	{ "zstd", "\050\265\057\375", 4, true },
	{ "bzip2", "BZh", 3, false },
	{ "lzo", "\211LZO", 4, false },
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

static int check_payload(
	const char *path, const uint8_t *payload, size_t size_bytes, struct error *err)
{
	if (size_bytes >= 4 && memcmp(payload, "\177ELF", 4) == 0)
		return check_elf(path, payload, size_bytes, err);
	for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++) {
		if (size_bytes < compressions[i].bytes ||
			memcmp(payload, compressions[i].magic, compressions[i].bytes) != 0)
			continue;
		if (compressions[i].taken)
			return 0;
		return error_set_code(err, EXIT_VERIFY, -EINVAL,
			"Xen cannot start %s as a PV domain: it is compressed with %s, which Xen's "
			"domain builder does not undo; use zstd, xz or gzip.",
			path, compressions[i].name);
	}
	return refuse_kernel(path, "its compression is not known to Xen's domain builder", err);
}

int pv_kernel_check(const char *path, const uint8_t *image, size_t size_bytes, struct error *err)
{
	uint64_t offset, length;

	if (size_bytes < HEADER_BYTES)
		return refuse_kernel(path, "it is too small to be a kernel", err);
	if (memcmp(image, "\177ELF", 4) == 0)
		return check_elf(path, image, size_bytes, err);
	if (memcmp(image + MAGIC_OFFSET, "HdrS", 4) != 0)
		return refuse_kernel(path, "it is neither a bzImage nor an ELF file", err);
	if (get_le16(image + VERSION_OFFSET) < VERSION_MIN)
		return refuse_kernel(path, "its boot protocol is older than 2.08", err);
	offset = (image[SETUP_SECTS_OFFSET] + 1ULL) * SECTOR_BYTES +
		 get_le32(image + PAYLOAD_OFFSET_OFFSET);
	length = get_le32(image + PAYLOAD_LENGTH_OFFSET);
	if (offset > size_bytes || length > size_bytes - offset)
		return refuse_kernel(path, "its payload reaches beyond its end", err);
	return check_payload(path, image + offset, length, err);
}
