/* SPDX-License-Identifier: MIT */
/* Any bytes as a unified kernel image, whose last bytes are the kernel and the initrd of the
 * store. */
#include "verify/unified_image.h"
#include "folder.h"
#include "pe_image.h"

#define STORE_FILE "/nix/store/k"

static const char *const folders[] = { "/boot", "/nix", "/nix/store" };

FUZZ_MUTATE_AND_REPAIR(repair_pe_image);

static void check_text(const char *root, typeof(unified_image_release) *read)
{
	struct error err = FUZZ_NO_ERROR;
	char text[256];

	if (read(root, "/boot", "/x.efi", text, sizeof(text), &err) < 0)
		promised(fuzz_error_is_set(&err));
	else
		promised(memchr(text, '\0', sizeof(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static const struct boot_files files = { .kernel = STORE_FILE, .initrd = STORE_FILE };
	const char *root = fuzz_folder_get(folders, 3);
	struct error err = FUZZ_NO_ERROR;
	const uint8_t *image = data;
	size_t store_bytes = size_bytes % 16;

	/* The store's file is the end of the image, so that an image can be right. */
	fuzz_folder_write("/boot/x.efi", image, size_bytes);
	fuzz_folder_write(STORE_FILE, image + size_bytes - store_bytes, store_bytes);
	check_text(root, unified_image_release);
	check_text(root, unified_image_options);
	if (unified_image_check(root, "/boot", "/x.efi", &files, &err) < 0)
		promised(fuzz_error_is_set(&err));
	else
		promised(size_bytes >= 2 && memcmp(image, "MZ", 2) == 0);
	return 0;
}
