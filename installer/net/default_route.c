/* SPDX-License-Identifier: MIT */
#include "net/default_route.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

#define TABLE_MAX_BYTES (1024 * 1024)

/* Not where the kernel only says that there is no way: on lo, or on none. */
static bool is_way(const char *interface)
{
	return strcmp(interface, "lo") != 0 && strcmp(interface, "*") != 0;
}

/* "eth0\t00000000\t010200C0\t…\t00000000\t…": interface, destination, five more, mask */
static bool is_default_ipv4(const char *line)
{
	char interface[64];
	unsigned destination, mask;

	return sscanf(line, "%63s %x %*x %*x %*d %*d %*d %x", interface, &destination, &mask) ==
		       3 &&
	       destination == 0 && mask == 0 && is_way(interface);
}

/* "00000000000000000000000000000000 00 …     eth0": destination, its length, seven more, interface
 */
static bool is_default_ipv6(const char *line)
{
	char destination[33], length[3], interface[64];

	return sscanf(line, "%32s %2s %*s %*s %*s %*s %*s %*s %*s %63s", destination, length,
		       interface) == 3 &&
	       strspn(destination, "0") == 32 && strcmp(length, "00") == 0 && is_way(interface);
}

static bool any_line(const char *text, bool (*test)(const char *line))
{
	while (text && *text) {
		const char *end = strchr(text, '\n');

		if (test(text))
			return true;
		text = end ? end + 1 : NULL;
	}
	return false;
}

bool default_route_has_default(const char *ipv4_table, const char *ipv6_table)
{
	return any_line(ipv4_table, is_default_ipv4) || any_line(ipv6_table, is_default_ipv6);
}

bool default_route_is_online(void)
{
	AUTO_FREE char *ipv4 = NULL, *ipv6 = NULL;
	struct error none;

	(void)!file_read("/proc/net/route", TABLE_MAX_BYTES, &ipv4, NULL, &none);
	(void)!file_read("/proc/net/ipv6_route", TABLE_MAX_BYTES, &ipv6, NULL, &none);
	return default_route_has_default(ipv4, ipv6);
}
