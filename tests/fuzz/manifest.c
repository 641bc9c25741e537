/* SPDX-License-Identifier: MIT */
/* Any text as guest.json. */
#include "plan/manifest.h"
#include "base/text.h"
#include "mutate.h"
#include "nix/narinfo.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

static void check_manifest(const struct manifest *manifest)
{
	promised(store_path_check(manifest->system) == 0);
	promised(manifest->layout < LAYOUT_COUNT);
	promised(manifest->mount_count >= 1 && manifest->mount_count <= MANIFEST_MOUNTS_MAX);
	for (size_t i = 0; i < manifest->mount_count; i++) {
		promised(text_is_clean_path(manifest->mounts[i].path));
		promised(manifest->mounts[i].fstype[0]);
	}
	promised(manifest->boot_loader[0]);
	promised(manifest->firmware && !(manifest->firmware & ~(FIRMWARE_BIOS | FIRMWARE_UEFI)));
	promised(manifest->ssh_key_file_count <= MANIFEST_KEY_FILES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct error err = FUZZ_NO_ERROR;
	struct manifest manifest;

	if (manifest_parse((const char *)data, size_bytes, &manifest, &err) < 0)
		promised(fuzz_error_is_set(&err) && err.code == EXIT_CONFIGURATION);
	else
		check_manifest(&manifest);
	return 0;
}
