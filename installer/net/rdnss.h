/* SPDX-License-Identifier: MIT */
/*
 * rdnss — the name servers that IPv6 routers advertise (RFC 8106, section 5.1).
 *
 * The kernel takes addresses and routes out of an advertisement by itself, and hands these options
 * on to whoever listens by netlink (rtnetlink, RTM_NEWNDUSEROPT). DHCPv6 is not spoken.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "net/ipconfig.h"

struct rdnss {
	int fd; /* -1: nothing is heard */
};

/* Begins to listen: before the interface comes up, or its first advertisement is missed. */
struct rdnss rdnss_open(void);
void rdnss_close(struct rdnss *rdnss);

/* Adds the name servers that were heard so far. */
void rdnss_read(struct rdnss *rdnss, struct ipconfig *config);

/* Adds those of one netlink message; one that is cut short or of another kind adds nothing. Pure.
 */
void rdnss_parse(const uint8_t *message, size_t size_bytes, struct ipconfig *config);
