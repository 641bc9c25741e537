/* SPDX-License-Identifier: MIT */
/*
 * default_route — whether this machine has a default route.
 *
 * Reads the kernel's tables (Linux, Documentation/filesystems/proc.rst, 1.4). Does not test whether
 * the gateway answers.
 *
 * Tested by: tests/unit/test_default_route.c, tests/fuzz/default_route.c.
 */
#pragma once

#include <stdbool.h>

/* Whether one of the tables, /proc/net/route and /proc/net/ipv6_route as text, has a default route
 * by another interface than lo. Either may be NULL. */
bool default_route_has_default(const char *ipv4_table, const char *ipv6_table);

/* The same of this machine. */
bool default_route_is_online(void);
