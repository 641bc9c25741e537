/* SPDX-License-Identifier: MIT */
/* Any texts as nix-cache-info and as the narinfo of a cache in a folder, with a byte of 0xff
 * between. */
#include "nix/cache.h"
#include "folder.h"
#include "net/url.h"
#include "nix/store_path.h"

#define SYSTEM STORE_DIR "/00000000000000000000000000000000-x"

static void check_info(const char *folder)
{
	static const struct fetch_settings settings = { .attempts = 1 };
	CLEANUP(fetch_free) struct fetch *fetch = fetch_new(&settings, 1, NULL);
	struct error err = FUZZ_NO_ERROR;

	if (cache_check(fetch, folder, &err) < 0)
		promised(fuzz_error_is_set(&err) && err.code == EXIT_FETCH);
}

static void read_info_of_path(const char *folder, const uint8_t *text, size_t size_bytes)
{
	const struct cache_trust trust = { .anything = true };
	struct download document = { .limit_bytes = SIZE_MAX / 2 };
	struct error err = FUZZ_NO_ERROR;
	struct narinfo info;

	promised(download_add(&document, text, size_bytes, &err) == 0);
	if (cache_read_narinfo(folder, SYSTEM, &document, &trust, &info, &err) < 0) {
		promised(fuzz_error_is_set(&err) && err.code == EXIT_FETCH);
	} else {
		AUTO_FREE char *url = cache_archive_url(folder, &info);

		promised(url_is_allowed(url) && strcmp(info.store_path, SYSTEM) == 0);
		narinfo_free(&info);
	}
	free(document.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	const char *folder = fuzz_folder_get(NULL, 0);
	size_t part_bytes;
	const uint8_t *part = fuzz_part(&data, &size_bytes, &part_bytes);

	fuzz_folder_write("/nix-cache-info", part, part_bytes);
	check_info(folder);
	read_info_of_path(folder, data, size_bytes);
	return 0;
}
