/* SPDX-License-Identifier: MIT */
/* Any bytes as an EFI program. */
#include <errno.h>

#include "pe_image.h"
#include "verify/pe_sections.h"

FUZZ_MUTATE_AND_REPAIR(repair_pe_image);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static const char *const names[] = { ".linux", ".osrel", ".sdmagic" };
	struct error err = FUZZ_NO_ERROR;
	struct pe_section section;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int r = pe_sections_find("/x.efi", data, size_bytes, names[i], &section, &err);

		promised(r == 0 || r == -ENOENT || (r == -EBADMSG && fuzz_error_is_set(&err)));
		promised(r < 0 || (section.offset_bytes <= size_bytes &&
					  section.size_bytes <= size_bytes - section.offset_bytes));
	}
	return 0;
}
