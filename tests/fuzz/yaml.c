/* SPDX-License-Identifier: MIT */
/* Any text as YAML. */
#include "base/yaml.h"
#include "mutate.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

static int check(const char *path, const char *value, void *userdata, struct error *err)
{
	size_t *left_bytes = userdata;

	(void)err;
	promised(strlen(path) < YAML_PATH_BYTES);
	promised(strspn(path,
			 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-?.[]") ==
		 strlen(path));
	if (!value)
		return 0;
	/* An escape of two characters can be a character of three bytes. */
	promised(strlen(value) <= 3 * *left_bytes);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct error err = FUZZ_NO_ERROR;

	if (yaml_walk(text, size_bytes, check, &size_bytes, &err) < 0)
		promised(fuzz_error_is_set(&err) && err.code == EXIT_CONFIGURATION &&
			 strncmp(err.text, "line ", 5) == 0);
	return 0;
}
