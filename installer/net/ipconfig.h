/* SPDX-License-Identifier: MIT */
/*
 * ipconfig — the settings of an interface, from the kernel's ip= syntax or from a DHCP lease.
 *
 * Pure. A lease is untrusted: only well-formed addresses, domains and numbers are taken from it.
 * network applies the settings. IPv4 only: IPv6 configures itself by router advertisements.
 *
 * Tested by: tests/unit/test_ipconfig.c, tests/fuzz/ipconfig.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define IPCONFIG_ROUTES_MAX 16
#define IPCONFIG_DNS_MAX    3	/* the limit of resolv.conf(5) */
#define IPCONFIG_TEXT_BYTES 256 /* a domain of 253 characters, or a host name */
#define IPCONFIG_LEASE_MAX  65536
#define IPV4_BYTES	    16 /* "255.255.255.255" */
#define IPV6_BYTES	    64 /* with a link's name behind a % */
#define INTERFACE_BYTES	    16 /* IFNAMSIZ */

struct ipconfig_route {
	char destination[IPV4_BYTES + 3]; /* "default" or "10.0.0.0/8" */
	char gateway[IPV4_BYTES];	  /* empty: on the link itself */
	bool onlink;			  /* the gateway lies outside the interface's network */
};

struct ipconfig {
	char address[IPV4_BYTES];
	unsigned prefix;
	struct ipconfig_route routes[IPCONFIG_ROUTES_MAX];
	size_t route_count;
	char dns[IPCONFIG_DNS_MAX][IPV6_BYTES];
	size_t dns_count;
	char search[IPCONFIG_TEXT_BYTES]; /* empty: none */
	unsigned mtu;			  /* 0: the interface's own */
};

enum ip_method {
	IP_DHCP,
	IP_STATIC,
	IP_OFF, /* IPv6 alone */
};

/* The value of ip=; by default DHCP on any interface with a link. */
struct ip_setting {
	enum ip_method method;
	struct ipconfig fixed;		    /* for IP_STATIC; otherwise only its dns is used */
	char hostname[IPCONFIG_TEXT_BYTES]; /* sent to the DHCP server; empty: none */
	char device[INTERFACE_BYTES];	    /* empty: any */
};

/* Parses the value of ip= (Linux, Documentation/admin-guide/nfs/nfsroot.rst):
 * client:server:gateway:netmask:hostname:device:autoconf:dns0:dns1:ntp0, or autoconf alone; and
 * device:autoconf (dracut.cmdline(7)), each also with dracut's MTU behind autoconf. The server and
 * the time server are checked and not used; 0.0.0.0 is a field that is left out. A netmask may also
 * be a prefix length; a missing one follows from the address class, as in the kernel. BOOTP and
 * RARP are refused. -EINVAL, and ret untouched. */
int ipconfig_parse(const char *text, struct ip_setting *ret) WARN_UNUSED;

/* Parses a lease: the environment of the script that udhcpc runs, as NUL-terminated name=value
 * strings (BusyBox, networking/udhcp/dhcpc.c). Classless routes override routers (RFC 3442).
 * Malformed values are ignored; without a valid address the result is -EBADMSG with a sentence. */
int ipconfig_from_lease(
	const char *lease, size_t size_bytes, struct ipconfig *ret, struct error *err) WARN_UNUSED;

/* Adds a name server unless it is present or the list is full. */
void ipconfig_add_dns(struct ipconfig *config, const char *address);

/* Writes the text of resolv.conf. */
#define IPCONFIG_RESOLV_BYTES 1024
void ipconfig_resolv_conf(const struct ipconfig *config, char ret[IPCONFIG_RESOLV_BYTES]);

/* Interface names as the kernel takes them: 1 to 15 bytes without '/', ':' and blanks, not "." or
 * ".." (dev_valid_name). */
bool ipconfig_is_interface(const char *text);

/* A hardware address of six bytes with colons, of any case. */
bool ipconfig_is_mac(const char *text);

/* An IPv4 address that another host can have: not of net 0 or 127, not multicast or reserved. */
bool ipconfig_is_host(const char *text);
