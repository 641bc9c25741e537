/* SPDX-License-Identifier: MIT */
/* Any text as a narinfo. One key is trusted; its private half is lost. */
#include "nix/narinfo.h"
#include "mutate.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

static const struct trusted_key lost_key = {
	.name = "lost-1",
	.key = { 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64,
		0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68,
		0xf7, 0x07, 0x51, 0x1a },
};

static void check_info(const struct narinfo *info)
{
	promised(store_path_check(info->store_path) == 0);
	promised(info->url[0] && info->url[0] != '/' && !strstr(info->url, "/../"));
	promised(strncmp(info->url, "../", 3) != 0);
	promised(info->nar_bytes > 0);
	for (size_t i = 0; i < info->reference_count; i++) {
		promised(!strchr(info->references[i], '/'));
		promised(i == 0 || strcmp(info->references[i - 1], info->references[i]) < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct error err = FUZZ_NO_ERROR;
	struct trusted_key key;
	struct narinfo info;

	if (trusted_key_parse(text, &key, &err) < 0)
		promised(fuzz_error_is_set(&err) && err.code == EXIT_CONFIGURATION);
	err = FUZZ_NO_ERROR;
	if (narinfo_parse((const char *)data, size_bytes, &info, &err) < 0) {
		promised(fuzz_error_is_set(&err) && err.code == EXIT_FETCH);
		return 0;
	}
	check_info(&info);
	promised(narinfo_verify(&info, &lost_key, 1, &err) < 0);
	promised(fuzz_error_is_set(&err) && err.code == EXIT_VERIFY);
	narinfo_free(&info);
	return 0;
}
