/* SPDX-License-Identifier: MIT */
/* Any text as the reference to a flake. */
#include "nix/flake.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	const char *name = flake_name(text);

	promised(name >= text && name <= text + strlen(text));
	if (!flake_check(text))
		return 0;
	promised(*name && name[-1] == '#');
	promised(strchr(text, '#') == name - 1);
	promised(strpbrk(text, " \t\r\n\"") == NULL);
	promised(!flake_is_remote(text) || strpbrk(text, ":"));
	return 0;
}
