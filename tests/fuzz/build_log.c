/* SPDX-License-Identifier: MIT */
/* Any output of Nix, and of the builders that it runs. */
#include "nixos_install/build_log.h"
#include "mutate.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct build_log log = { 0 };
	char reason[BUILD_LOG_TEXT_BYTES];
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")))
		build_log_take(&log, line);
	promised(build_log_permille(&log) <= 1000);
	build_log_reason(&log, reason);
	promised(memchr(reason, '\0', sizeof(reason)));
	promised(log.reason[0] == '\0' || strcmp(reason, log.reason) == 0);
	return 0;
}
