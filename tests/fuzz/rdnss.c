/* SPDX-License-Identifier: MIT */
/* Any bytes as a message of rtnetlink, and as the options of a router's advertisement in one. */
#include "net/rdnss.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>

#include "mutate.h"

#define OPTION_UNIT	     8
#define ROUTER_ADVERTISEMENT 134
#define HEADERS_BYTES	     (NLMSG_HDRLEN + sizeof(struct nduseroptmsg))

/* An option is an item: type, length in units of eight bytes, content. The type is content, too. */
static int take_option(const uint8_t **data, size_t *size_bytes, struct fuzz_item *ret)
{
	size_t length = *size_bytes < OPTION_UNIT ? 0 : (size_t)(*data)[1] * OPTION_UNIT;

	if (length == 0 || length > *size_bytes)
		return 0;
	*ret = (struct fuzz_item){ *data, length };
	*data += length;
	*size_bytes -= length;
	return 1;
}

static size_t put_option(const struct fuzz_item *item, uint8_t *ret, size_t room_bytes)
{
	size_t units = (item->size_bytes + OPTION_UNIT - 1) / OPTION_UNIT;

	if (units == 0 || units > UINT8_MAX || units * OPTION_UNIT > room_bytes)
		return 0;
	memset(ret, 0, units * OPTION_UNIT);
	memcpy(ret, item->data, item->size_bytes);
	ret[1] = (uint8_t)units;
	return units * OPTION_UNIT;
}

static const struct fuzz_format options = { take_option, put_option };
FUZZ_MUTATE_ITEMS(options);

static void check_servers(const uint8_t *message, size_t size_bytes)
{
	struct ipconfig config = { .dns_count = 0 };

	rdnss_parse(message, size_bytes, &config);
	promised(config.dns_count <= IPCONFIG_DNS_MAX);
	for (size_t i = 0; i < config.dns_count; i++) {
		char *address = config.dns[i];
		struct in6_addr parsed;

		promised(memchr(address, '\0', IPV6_BYTES));
		address[strcspn(address, "%")] = '\0';
		promised(inet_pton(AF_INET6, address, &parsed) == 1);
		promised(!IN6_IS_ADDR_MULTICAST(&parsed) && !IN6_IS_ADDR_LOOPBACK(&parsed));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE uint8_t *message = must_realloc(NULL, HEADERS_BYTES + size_bytes, 1);
	struct nlmsghdr header = { .nlmsg_type = RTM_NEWNDUSEROPT,
		.nlmsg_len = (uint32_t)(HEADERS_BYTES + size_bytes) };
	struct nduseroptmsg user = { .nduseropt_family = AF_INET6,
		.nduseropt_icmp_type = ROUTER_ADVERTISEMENT,
		.nduseropt_ifindex = 2,
		.nduseropt_opts_len = (uint16_t)size_bytes };

	if (size_bytes > UINT16_MAX)
		return 0;
	if (size_bytes)
		memcpy(message, data, size_bytes);
	check_servers(message, size_bytes);
	memcpy(message, &header, sizeof(header));
	memcpy(message + NLMSG_HDRLEN, &user, sizeof(user));
	if (size_bytes)
		memcpy(message + HEADERS_BYTES, data, size_bytes);
	check_servers(message, HEADERS_BYTES + size_bytes);
	return 0;
}
