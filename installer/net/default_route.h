/* SPDX-License-Identifier: MIT */
/*
 * default_route — whether this machine has a way to machines beyond its own network.
 *
 * Read from the kernel's tables (Linux, Documentation/filesystems/proc.rst, 1.4). Whether anybody
 * answers there is not asked.
 */
#pragma once

#include <stdbool.h>

/* Whether one of the tables, /proc/net/route and /proc/net/ipv6_route as text, has a default route
 * by another interface than lo. Either may be NULL. */
bool default_route_has_default(const char *ipv4_table, const char *ipv6_table);

/* The same of this machine. */
bool default_route_is_online(void);
