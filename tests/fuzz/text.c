/* SPDX-License-Identifier: MIT */
/* Any text as a name, a label, a path, a word and as a line of the log. */
#include "base/text.h"

#include <strings.h>

#include "fuzz.h"

static void check_names(const char *text)
{
	size_t length = strlen(text);

	promised(!text_is_uuid(text) || length == 36);
	promised(!text_is_ext4_label(text) || (length >= 1 && length <= 16 && text_is_utf8(text)));
	promised(!text_is_fat_label(text) || (length >= 1 && length <= 11));
	promised(!text_is_user_name(text) || (length >= 1 && length <= 32 && !strchr(text, ':')));
	promised(!text_is_partition_name(text) || (length >= 1 && length <= 36));
	if (text_is_clean_path(text))
		promised(*text == '/' && !strstr(text, "//") && !strstr(text, "/../") &&
			 !strpbrk(text, "\n\r\t"));
}

/* A sanitized text has no word of the protocol, and is not changed again. */
static void check_sanitizing(const char *text)
{
	AUTO_FREE char *safe = text_duplicate(text);
	AUTO_FREE char *again = NULL;

	text_sanitize(safe);
	again = text_duplicate(safe);
	text_sanitize(again);
	promised(strlen(safe) == strlen(text) && strcmp(safe, again) == 0);
	promised(!strpbrk(safe, "\n\r\x1b") && !strcasestr(safe, "INSTALL_"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	AUTO_FREE char *copy = text_duplicate(text);
	const char *trimmed = text_trim(copy);
	char small[8] = "";

	promised(strlen(trimmed) <= strlen(text) && strstr(text, trimmed));
	promised(text_option_bytes(text) <= strlen(text));
	promised(text_bom_bytes(text, size_bytes) % 3 == 0);
	promised(text_append(small, sizeof(small), "%s", text) == (strlen(text) < sizeof(small)));
	promised(memchr(small, '\0', sizeof(small)));
	check_names(text);
	check_sanitizing(text);
	return 0;
}
