/* SPDX-License-Identifier: MIT */
/* The first line as a pattern, the second as what it is compared with, the third as a host. */
#include "guest/sshd_match.h"
#include "fuzz.h"

/* The meaning of a pattern, without the bookkeeping: it takes exponential time. */
static bool matches(const char *text, const char *pattern)
{
	if (*pattern == '*')
		return matches(text, pattern + 1) || (*text && matches(text + 1, pattern));
	if (!*text || !*pattern)
		return *text == *pattern;
	return (*pattern == '?' || *pattern == *text) && matches(text + 1, pattern + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *input = fuzz_text(data, size_bytes);
	struct sshd_origin origins[SSHD_ORIGINS_MAX], origin = { .address = "192.0.2.1" };
	char *rest = input;
	const char *pattern = strsep(&rest, "\n"), *text = rest ? strsep(&rest, "\n") : "";

	snprintf(origin.host, sizeof(origin.host), "%.*s", (int)sizeof(origin.host) - 1,
		rest ? rest : "h");
	if (strlen(pattern) + strlen(text) <= 24)
		promised(sshd_match_pattern(text, pattern) == matches(text, pattern));
	promised(sshd_match_pattern(text, "*"));
	if (!strchr(pattern, '@') && sshd_match_user(text, &origin, pattern))
		promised(sshd_match_pattern(text, pattern));
	promised(abs(sshd_match_origin(&origin, pattern)) <= 1);
	promised(sshd_match_propose_origins(text, origins) <= SSHD_ORIGINS_MAX);
	return 0;
}
