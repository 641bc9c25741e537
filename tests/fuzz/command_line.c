/* SPDX-License-Identifier: MIT */
/* Any text as the kernel's command line, and as the argument of --set. */
#include "config/check.h"
#include "config/key_table.h"
#include "config/merge.h"
#include "fuzz.h"
#include "input/embedded_word.h"

/* An ISO without settings cannot be a promised one. */
static void check_promise(const char *text)
{
	static const struct error mounted = { .code = 0 };
	struct error err = FUZZ_NO_ERROR;
	int r = embedded_word_check(text, NULL, &mounted, &err);

	promised(r == 0 || (fuzz_error_is_set(&err) && err.code == EXIT_CONFIGURATION));
	if (!strstr(text, "embedded=") && !strchr(text, '"'))
		promised(r == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct error err = FUZZ_NO_ERROR;
	struct config config;

	check_promise(text);
	key_table_set_defaults(&config);
	merge_command_line(&config, text);
	/* also of a prefix that is spelled otherwise */
	if (!strcasestr(text, "installer.") && !strchr(text, '"'))
		promised(config.error_count == 0);
	merge_option(&config, "--set", text);
	if (check_config(&config, &err) < 0)
		promised(fuzz_error_is_set(&err) && err.code == EXIT_CONFIGURATION);
	return 0;
}
