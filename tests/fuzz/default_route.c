/* SPDX-License-Identifier: MIT */
/* Any text as the kernel's tables of routes. */
#include "net/default_route.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	bool ipv4 = default_route_has_default(text, NULL);
	bool ipv6 = default_route_has_default(NULL, text);

	promised(default_route_has_default(text, text) == (ipv4 || ipv6));
	promised(!ipv4 || strstr(text, "00000000") || strpbrk(text, "0"));
	return 0;
}
