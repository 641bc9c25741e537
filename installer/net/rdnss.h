/* SPDX-License-Identifier: MIT */
/*
 * rdnss — the name servers that IPv6 routers advertise (RFC 8106, section 5.1).
 *
 * The kernel handles addresses and routes of an advertisement itself and passes these options to
 * netlink listeners (rtnetlink, RTM_NEWNDUSEROPT). DHCPv6 is not supported.
 *
 * Tested by: tests/unit/test_ipconfig.c, tests/net/guest.sh, tests/fuzz/rdnss.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "net/ipconfig.h"

struct rdnss {
	int fd; /* -1 if netlink is not available */
};

/* Begins to listen. Must be called before the interface comes up, or the first advertisement is
 * lost. */
struct rdnss rdnss_open(void);
void rdnss_close(struct rdnss *rdnss);

/* Adds the name servers received so far. */
void rdnss_read(struct rdnss *rdnss, struct ipconfig *config);

/* Adds the name servers of one netlink message; ignores truncated and other messages. Pure. */
void rdnss_parse(const uint8_t *message, size_t size_bytes, struct ipconfig *config);
