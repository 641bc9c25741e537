/* SPDX-License-Identifier: MIT */
/* Any text as grub.cfg. */
/* Modules: verify/grub_cfg, verify/grub_commands, verify/grub_script, verify/grub_words. */
#include "verify/grub_cfg.h"
#include "mutate.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

static void check_file(const struct grub_file *file)
{
	promised(memchr(file->path, '\0', sizeof(file->path)) != NULL);
	promised(file->path[0] == '/' && !strstr(file->path, "//"));
	promised(file->search <= GRUB_LABEL);
	promised(memchr(file->device, '\0', sizeof(file->device)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct error err = FUZZ_NO_ERROR;
	struct grub_cfg_settings settings = {
		.platform = size_bytes % 2 ? "pc" : "efi",
		.cpu = size_bytes % 2 ? "i386" : "x86_64",
		.environment = size_bytes % 3 ? NULL : text,
	};
	struct grub_entry entry;

	if (grub_cfg_default(text, &settings, &entry, &err) < 0) {
		promised(fuzz_error_is_set(&err));
		return 0;
	}
	check_file(&entry.kernel);
	promised(entry.initrd_count <= GRUB_INITRDS_MAX);
	for (size_t i = 0; i < entry.initrd_count; i++)
		check_file(&entry.initrds[i]);
	promised(memchr(entry.command_line, '\0', sizeof(entry.command_line)) != NULL);
	return 0;
}
