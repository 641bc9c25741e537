/* SPDX-License-Identifier: MIT */
/* Any text as the value of ip=, and any strings as a DHCP lease. */
#include "net/ipconfig.h"

#include <arpa/inet.h>

#include "mutate.h"

FUZZ_MUTATE_ITEMS(FUZZ_STRINGS);

static void check_address(const char *text)
{
	struct in_addr ipv4;

	promised(memchr(text, '\0', IPV4_BYTES) && inet_pton(AF_INET, text, &ipv4) == 1);
}

/* What is written into resolv.conf has no line but those of this module. */
static void check_resolv_conf(const struct ipconfig *config)
{
	char text[IPCONFIG_RESOLV_BYTES];
	size_t lines = 0;

	ipconfig_resolv_conf(config, text);
	promised(memchr(text, '\0', sizeof(text)));
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	promised(lines <= config->dns_count + 1 && !strpbrk(config->search, "\n\r\t"));
}

static void check_config(const struct ipconfig *config)
{
	check_address(config->address);
	promised(config->prefix <= 32 && config->route_count <= IPCONFIG_ROUTES_MAX);
	for (size_t i = 0; i < config->route_count; i++) {
		const struct ipconfig_route *route = &config->routes[i];

		if (route->gateway[0])
			check_address(route->gateway);
		promised(strcmp(route->destination, "default") == 0 ||
			 strspn(route->destination, "0123456789./") == strlen(route->destination));
	}
	promised(config->dns_count <= IPCONFIG_DNS_MAX);
	for (size_t i = 0; i < config->dns_count; i++)
		promised(config->dns[i][0] && !strpbrk(config->dns[i], " \n"));
	check_resolv_conf(config);
}

static void check_setting(const struct ip_setting *setting)
{
	if (setting->method == IP_STATIC)
		check_config(&setting->fixed);
	promised(!setting->device[0] || ipconfig_is_interface(setting->device));
	promised(memchr(setting->hostname, '\0', sizeof(setting->hostname)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	struct error err = FUZZ_NO_ERROR;
	struct ip_setting setting;
	struct ipconfig config;

	if (ipconfig_parse(text, &setting) == 0)
		check_setting(&setting);
	if (ipconfig_from_lease(text, size_bytes, &config, &err) == 0)
		check_config(&config);
	else
		promised(fuzz_error_is_set(&err));
	return 0;
}
