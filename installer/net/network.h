/* SPDX-License-Identifier: MIT */
/*
 * network — brings an interface up, with an address, routes and name servers.
 *
 * For the lean ISO, where nobody else does it. Which URLs need it is config's business, what a
 * lease or ip= may say ipconfig's. BusyBox does the work: udhcpc asks for the lease, and leaves it
 * unused in a file (iso/lease.sh); once it was checked, ip sets the interface. A lease is not
 * renewed.
 *
 * IPv6 configures itself while we wait (the kernel takes router advertisements, and rdnss reads the
 * name servers out of them). It is enough alone with ip=off, and where no DHCP server answers.
 */
#pragma once

#include "net/ipconfig.h"

/* Sets up the interface that configuration names or, of those that have a link, the first on which
 * it succeeds, within a minute. EXIT_FETCH with a sentence that says what was missing. */
int network_start(
	const struct ip_setting *ip, const char *interface, struct error *err) WARN_UNUSED;
