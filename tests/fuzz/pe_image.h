/* SPDX-License-Identifier: MIT */
/* pe_image — makes any bytes begin as an EFI program, with a table of a few sections inside
 * them. */
#pragma once

#include "base/littleendian.h"
#include "mutate.h"

#define PE_AT	       0x40
#define PE_TABLE_AT    (PE_AT + 24)
#define PE_ENTRY_BYTES 40

static inline void repair_pe_image(uint8_t *data, size_t size_bytes)
{
	static const char *const names[] = { ".linux", ".initrd", ".osrel", ".cmdline", ".linuxh",
		".initrdh" };
	size_t count;

	if (size_bytes < PE_TABLE_AT + PE_ENTRY_BYTES)
		return;
	count = (size_bytes - PE_TABLE_AT) / PE_ENTRY_BYTES;
	count = count > 4 ? 4 : count;
	memcpy(data, "MZ", 2);
	put_le32(data + 0x3c, PE_AT);
	memcpy(data + PE_AT, "PE\0\0", 4);
	data[PE_AT + 6] = (uint8_t)count;
	memset(data + PE_AT + 7, 0, 1);
	memset(data + PE_AT + 20, 0, 2);
	for (size_t i = 0; i < count; i++) {
		uint8_t *entry = data + PE_TABLE_AT + i * PE_ENTRY_BYTES;

		strncpy((char *)entry, names[entry[0] % 6], 8);
		put_le32(entry + 8, get_le32(entry + 8) % (uint32_t)(size_bytes + 2));
		put_le32(entry + 20, get_le32(entry + 20) % (uint32_t)(size_bytes + 2));
	}
}
