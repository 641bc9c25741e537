/* SPDX-License-Identifier: MIT */
/* Any text as network-config and as network_data.json. */
#include "input/cloud_network.h"
#include "mutate.h"
#include "net/ipconfig.h"

FUZZ_MUTATE_ITEMS(FUZZ_LINES);

typedef int read_fn(
	const char *text, size_t size_bytes, struct cloud_network *ret, struct error *err);

static void check(read_fn *read, const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct cloud_network found;
	struct error err = FUZZ_NO_ERROR;
	struct ip_setting setting;

	if (read(text, size_bytes, &found, &err) < 0) {
		promised(fuzz_error_is_set(&err) && err.code == EXIT_CONFIGURATION);
		return;
	}
	promised(memchr(found.ip, '\0', sizeof(found.ip)));
	promised(memchr(found.ignored, '\0', sizeof(found.ignored)));
	promised(!found.ip[0] || ipconfig_parse(found.ip, &setting) == 0);
	promised(!found.interface[0] || ipconfig_is_mac(found.interface));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	check(cloud_network_config, data, size_bytes);
	check(cloud_network_data, data, size_bytes);
	return 0;
}
