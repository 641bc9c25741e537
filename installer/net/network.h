/* SPDX-License-Identifier: MIT */
/*
 * network — brings an interface up, with address, routes and name servers.
 *
 * For the lean ISO, which has no other network configuration. config decides whether the network is
 * needed. Ipconfig checks leases and ip=. BusyBox does the work: udhcpc requests a lease and stores
 * it in a file (iso/lease.sh). After the check, ip configures the interface. Leases are not
 * renewed.
 *
 * IPv6 configures itself meanwhile: the kernel handles router advertisements, and rdnss reads the
 * name servers from them. IPv6 alone suffices with ip=off, or if no DHCP server answers.
 *
 * Tested by: tests/net/guest.sh.
 */
#pragma once

#include "net/ipconfig.h"

/* Configures the named interface or, with "auto", the first one with a link on which it succeeds,
 * within a minute. EXIT_FETCH with a sentence that says what was missing. */
int network_start(
	const struct ip_setting *ip, const char *interface, struct error *err) WARN_UNUSED;
