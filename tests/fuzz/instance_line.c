/* SPDX-License-Identifier: MIT */
/* Any text as the machine's serial number, and as the kernel command line that a host writes. */
/* Modules: input/instance_line, input/credential, input/cloud_seed. */
#include "input/instance_line.h"
#include "config/check.h"
#include "config/key_table.h"
#include "fuzz.h"
#include "input/cloud_seed.h"

static void check_field(const char *text, char field)
{
	char small[16];

	if (instance_line_nocloud(text, field, small, sizeof(small)))
		promised(small[0] && strlen(small) < sizeof(small) && !strpbrk(small, "; \t") &&
			 strstr(text, small));
}

static void check_credentials(const char *text)
{
	for (size_t i = 0;; i++) {
		struct error err = FUZZ_NO_ERROR;
		AUTO_FREE char *value = NULL;
		size_t size_bytes;
		int r = instance_line_credential(text, "n", i, &value, &size_bytes, &err);

		promised(r >= 0 || (fuzz_error_is_set(&err) && err.code == EXIT_NO_KEY));
		promised((r == 1) == (value != NULL));
		if (r == 0)
			return;
		promised(!value || (size_bytes <= strlen(text) && value[size_bytes] == '\0'));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct error err = FUZZ_NO_ERROR;
	char url[CLOUD_SEED_URL_BYTES];
	static struct config config;
	const char *place;

	key_table_set_defaults(&config);
	instance_line_merge(&config, text);
	promised(strstr(text, "gi:") || config.error_count == 0);
	if (check_config(&config, &err) < 0)
		promised(fuzz_error_is_set(&err) && err.code == EXIT_CONFIGURATION);
	check_field(text, 'h');
	check_field(text, 's');
	check_credentials(text);
	if (cloud_seed_find(text, text, url, &place))
		promised(url[0] && strlen(url) < sizeof(url) && place);
	return 0;
}
