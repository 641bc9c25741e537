/* SPDX-License-Identifier: MIT */
/* Any text as boot.json. */
#include "guest/bootspec.h"
#include "base/text.h"
#include "fuzz.h"
#include "nix/narinfo.h"

static void check_file(const char *path)
{
	promised(strncmp(path, STORE_DIR "/", sizeof(STORE_DIR)) == 0);
	promised(text_is_clean_path(path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct error err = FUZZ_NO_ERROR;
	char name[BOOTSPEC_NAME_BYTES];
	struct bootspec spec;

	for (size_t i = 0; i < 4; i++)
		if (bootspec_parse_specialisation(
			    (const char *)data, size_bytes, i, name, &spec, &err) == 0)
			promised(name[0] && name[0] != '.' && !strchr(name, '/'));
	if (bootspec_parse((const char *)data, size_bytes, &spec, &err) < 0) {
		promised(fuzz_error_is_set(&err));
		return 0;
	}
	check_file(spec.kernel);
	check_file(spec.init);
	if (spec.initrd[0])
		check_file(spec.initrd);
	promised(store_path_check(spec.toplevel) == 0);
	promised(memchr(spec.kernel_params, '\0', sizeof(spec.kernel_params)) != NULL);
	return 0;
}
