/* SPDX-License-Identifier: MIT */
/* Any text as the grub.cfg that pygrub would read. */
#include "guest/pygrub.h"
#include "mutate.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct error err = FUZZ_NO_ERROR;
	struct pygrub_entry entry;

	if (pygrub_read(text, size_bytes, &entry, &err) < 0) {
		promised(fuzz_error_is_set(&err) && err.code == EXIT_VERIFY);
		return 0;
	}
	promised(memchr(entry.kernel, '\0', sizeof(entry.kernel)) != NULL);
	promised(entry.kernel[0] != '\0' && entry.kernel_line >= 1);
	promised(memchr(entry.initrd, '\0', sizeof(entry.initrd)) != NULL);
	promised(!entry.initrd[0] || entry.initrd_line >= 1);
	promised(memchr(entry.title, '\0', sizeof(entry.title)) != NULL);
	promised(memchr(entry.command_line, '\0', sizeof(entry.command_line)) != NULL);
	return 0;
}
