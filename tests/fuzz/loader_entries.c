/* SPDX-License-Identifier: MIT */
/* Any text as loader.conf, as a boot entry and as the os-release of a kernel image. */
#include "verify/loader_entries.h"
#include "mutate.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

static void check_order(const char *text, size_t size_bytes)
{
	AUTO_FREE char *other = fuzz_text((const uint8_t *)text, size_bytes / 2);
	int order = loader_entries_compare_versions(text, other);

	promised((loader_entries_compare_versions(other, text) > 0) == (order < 0));
	promised(loader_entries_compare_versions(text, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	static struct loader_entry entries[3];
	struct error err = FUZZ_NO_ERROR;
	struct loader_config config;
	size_t count = 0, chosen;

	check_order(text, strlen(text));
	if (loader_entries_parse_config(text, &config, &err) < 0) {
		promised(fuzz_error_is_set(&err));
		memset(&config, 0, sizeof(config));
	}
	count += loader_entries_parse_type1("a+3-1.conf", text, &entries[count], &err) == 0;
	count += loader_entries_parse_type1(text, "linux /k", &entries[count], &err) == 0;
	count += loader_entries_parse_type2("b+0.efi", text, &entries[count], &err) == 0;
	if (loader_entries_choose(&config, entries, count, &chosen, &err) == 0)
		promised(chosen < count && entries[chosen].id[0]);
	return 0;
}
