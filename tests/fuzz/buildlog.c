/* SPDX-License-Identifier: MIT */
/* Any output of Nix, and of the builders that it runs. */
#include "nixos_install/buildlog.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct buildlog log = { 0 };
	char reason[BUILDLOG_TEXT_BYTES];
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")))
		buildlog_take(&log, line);
	promised(buildlog_permille(&log) <= 1000);
	buildlog_reason(&log, reason);
	promised(memchr(reason, '\0', sizeof(reason)));
	promised(log.reason[0] == '\0' || strcmp(reason, log.reason) == 0);
	return 0;
}
