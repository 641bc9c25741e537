/* SPDX-License-Identifier: MIT */
#include "net/rdnss.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define ROUTER_ADVERTISEMENT 134 /* ICMPv6 type (RFC 4861, section 4.2) */
#define OPTION_RDNSS	     25
#define OPTION_UNIT	     8 /* bytes that an option's length counts */
#define ADDRESSES_OFFSET     8
#define ADDRESS_BYTES	     16

struct rdnss rdnss_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	struct rdnss rdnss = {
		.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE),
	};
	int group = RTNLGRP_ND_USEROPT;

	if (rdnss.fd >= 0 && (bind(rdnss.fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
				     setsockopt(rdnss.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
					     &group, sizeof(group)) < 0))
		rdnss_close(&rdnss);
	if (rdnss.fd < 0)
		log_line("rdnss: cannot listen to the kernel: %s", strerror(errno));
	return rdnss;
}

void rdnss_close(struct rdnss *rdnss)
{
	if (rdnss->fd >= 0)
		close(rdnss->fd);
	rdnss->fd = -1;
}

/* A link-local address gets the index of its link. */
static void add_address(const uint8_t *bytes, int index, struct ipconfig *config)
{
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN], scoped[IPV6_BYTES];

	memcpy(&address, bytes, sizeof(address));
	if (IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_MULTICAST(&address) ||
		IN6_IS_ADDR_LOOPBACK(&address) ||
		!inet_ntop(AF_INET6, &address, text, sizeof(text)))
		return;
	snprintf(scoped, sizeof(scoped), "%s%%%d", text, index);
	ipconfig_add_dns(config, IN6_IS_ADDR_LINKLOCAL(&address) ? scoped : text);
}

/* Type, length in units, two bytes without meaning, four of lifetime, addresses. */
static void parse_rdnss_option(
	const uint8_t *option, size_t size_bytes, int index, struct ipconfig *config)
{
	static const uint8_t withdrawn[4];

	if (option[0] != OPTION_RDNSS || size_bytes < ADDRESSES_OFFSET + ADDRESS_BYTES ||
		memcmp(option + 4, withdrawn, sizeof(withdrawn)) == 0)
		return;
	for (size_t at = ADDRESSES_OFFSET; at + ADDRESS_BYTES <= size_bytes; at += ADDRESS_BYTES)
		add_address(option + at, index, config);
}

void rdnss_parse(const uint8_t *message, size_t size_bytes, struct ipconfig *config)
{
	struct nlmsghdr header;
	struct nduseroptmsg user;
	size_t at = NLMSG_HDRLEN + sizeof(user), end;

	if (size_bytes < at)
		return;
	memcpy(&header, message, sizeof(header));
	memcpy(&user, message + NLMSG_HDRLEN, sizeof(user));
	if (header.nlmsg_type != RTM_NEWNDUSEROPT || header.nlmsg_len > size_bytes ||
		user.nduseropt_family != AF_INET6 ||
		user.nduseropt_icmp_type != ROUTER_ADVERTISEMENT)
		return;
	end = at + user.nduseropt_opts_len;
	if (end > header.nlmsg_len)
		return;
	while (at + 2 <= end) {
		size_t length = (size_t)message[at + 1] * OPTION_UNIT;

		if (length == 0 || length > end - at)
			return;
		parse_rdnss_option(message + at, length, user.nduseropt_ifindex, config);
		at += length;
	}
}

void rdnss_read(struct rdnss *rdnss, struct ipconfig *config)
{
	struct sockaddr_nl from;
	uint8_t message[8192];

	if (rdnss->fd < 0)
		return;
	for (;;) {
		socklen_t from_bytes = sizeof(from);
		ssize_t n = recvfrom(rdnss->fd, message, sizeof(message), 0,
			(struct sockaddr *)&from, &from_bytes);

		if (n < 0)
			return;
		if (from.nl_pid == 0) /* the kernel's own */
			rdnss_parse(message, (size_t)n, config);
	}
}
