/* SPDX-License-Identifier: MIT */
#include "verify/pe_sections.h"

#include <errno.h>
#include <string.h>

#include "base/littleendian.h"

#define PE_POINTER_OFFSET    0x3c
#define COFF_BYTES	     24 /* signature and file header */
#define MACHINE_OFFSET	     4
#define SECTION_COUNT_OFFSET 6
#define OPTIONAL_SIZE_OFFSET 20
#define SECTION_BYTES	     40
#define NAME_BYTES	     8
#define VIRTUAL_SIZE_OFFSET  8
#define RAW_SIZE_OFFSET	     16
#define RAW_POINTER_OFFSET   20

static int refuse_pe(const char *path, const char *reason, struct error *err)
{
	return error_set(err, -EBADMSG, "%s %s.", path, reason);
}

/* The section's size in memory is its content; the size in the file is rounded up. */
static int read_section(const char *path, const uint8_t *header, size_t size_bytes,
	struct pe_section *ret, struct error *err)
{
	size_t raw = get_le32(header + RAW_SIZE_OFFSET);
	size_t virtual = get_le32(header + VIRTUAL_SIZE_OFFSET);
	size_t offset = get_le32(header + RAW_POINTER_OFFSET);
	size_t length = virtual < raw ? virtual : raw;

	if (offset > size_bytes || length > size_bytes - offset)
		return refuse_pe(path, "has a section that reaches beyond its end", err);
	*ret = (struct pe_section){ .offset_bytes = offset, .size_bytes = length };
	return 0;
}

/* Where the PE header is. */
static int find_header(
	const char *path, const uint8_t *image, size_t size_bytes, size_t *ret, struct error *err)
{
	size_t pe;

	if (size_bytes < PE_POINTER_OFFSET + 4 || memcmp(image, "MZ", 2) != 0)
		return refuse_pe(path, "is not an EFI program", err);
	pe = get_le32(image + PE_POINTER_OFFSET);
	if (pe > size_bytes || size_bytes - pe < COFF_BYTES || memcmp(image + pe, "PE\0\0", 4) != 0)
		return refuse_pe(path, "is not an EFI program", err);
	*ret = pe;
	return 0;
}

int pe_sections_machine(
	const char *path, const uint8_t *image, size_t size_bytes, uint16_t *ret, struct error *err)
{
	size_t pe;
	int r = find_header(path, image, size_bytes, &pe, err);

	if (r < 0)
		return r;
	*ret = get_le16(image + pe + MACHINE_OFFSET);
	return 0;
}

int pe_sections_find(const char *path, const uint8_t *image, size_t size_bytes, const char *name,
	struct pe_section *ret, struct error *err)
{
	size_t pe, count, table;
	int r = find_header(path, image, size_bytes, &pe, err);

	if (r < 0)
		return r;
	count = get_le16(image + pe + SECTION_COUNT_OFFSET);
	table = pe + COFF_BYTES + get_le16(image + pe + OPTIONAL_SIZE_OFFSET);
	if (table > size_bytes || count > (size_bytes - table) / SECTION_BYTES)
		return refuse_pe(path, "has a section table that reaches beyond its end", err);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *header = image + table + i * SECTION_BYTES;

		if (strncmp((const char *)header, name, NAME_BYTES) == 0)
			return read_section(path, header, size_bytes, ret, err);
	}
	return -ENOENT;
}
