/* SPDX-License-Identifier: MIT */
#include "net/ipconfig.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define FIELDS_MAX 10 /* of ip= */
#define MTU_MIN	   576
#define MTU_MAX	   65535

/* Whether it is a host address: not of net 0 or 127, not multicast or reserved. */
static bool is_host(uint32_t address)
{
	uint32_t net = address >> 24;

	return net != 0 && net != 127 && net < 224;
}

static bool parse_ipv4(const char *text, uint32_t *ret)
{
	struct in_addr address;

	if (inet_pton(AF_INET, text, &address) != 1)
		return false;
	*ret = ntohl(address.s_addr);
	return true;
}

bool ipconfig_is_host(const char *text)
{
	uint32_t address;

	return parse_ipv4(text, &address) && is_host(address);
}

static bool parse_ip_number(const char *text, unsigned max, unsigned *ret)
{
	unsigned number = 0;

	if (!*text || strlen(text) > 6)
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		number = number * 10 + (unsigned)(*text - '0');
	}
	*ret = number;
	return number <= max;
}

static uint32_t mask_of(unsigned prefix)
{
	return prefix ? ~(uint32_t)0 << (32 - prefix) : 0;
}

/* A prefix length, or a netmask without holes. */
static bool parse_netmask(const char *text, unsigned *ret)
{
	uint32_t mask;

	if (parse_ip_number(text, 32, ret))
		return *ret > 0;
	if (!parse_ipv4(text, &mask) || mask == 0)
		return false;
	*ret = (unsigned)__builtin_popcount(mask);
	return mask_of(*ret) == mask;
}

/* Classes A, B and C (RFC 791, section 3.2). */
static unsigned class_prefix(uint32_t address)
{
	if (address >> 31 == 0)
		return 8;
	return address >> 30 == 2 ? 16 : 24;
}

static bool is_domain(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > 253 || *text == '.' || *text == '-')
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("-._", *text))
			return false;
	return true;
}

bool ipconfig_is_interface(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length >= INTERFACE_BYTES || !strcmp(text, ".") || !strcmp(text, ".."))
		return false;
	for (; *text; text++)
		if (!isgraph((unsigned char)*text) || *text == '/' || *text == ':')
			return false;
	return true;
}

bool ipconfig_is_mac(const char *text)
{
	for (int i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	return text[17] == '\0';
}

void ipconfig_add_dns(struct ipconfig *config, const char *address)
{
	for (size_t i = 0; i < config->dns_count; i++)
		if (strcmp(config->dns[i], address) == 0)
			return;
	if (config->dns_count < IPCONFIG_DNS_MAX &&
		text_copy(config->dns[config->dns_count], IPV6_BYTES, address) == 0)
		config->dns_count++;
}

/* A gateway outside the network of the interface is reachable on the link: some clouds assign a
 * /32. */
static void set_gateway_route(struct ipconfig *config, const char *destination, const char *gateway)
{
	struct ipconfig_route *route = &config->routes[config->route_count];
	uint32_t via = 0, own = 0;

	if (config->route_count == IPCONFIG_ROUTES_MAX)
		return;
	*route = (struct ipconfig_route){ 0 };
	if (text_copy(route->destination, sizeof(route->destination), destination) < 0 ||
		text_copy(route->gateway, sizeof(route->gateway), gateway) < 0)
		return;
	if (*gateway && parse_ipv4(gateway, &via) && parse_ipv4(config->address, &own))
		route->onlink = ((via ^ own) & mask_of(config->prefix)) != 0;
	config->route_count++;
}

/* -------------------------------------------------------- ip= */

/* Splits the text at its colons, in place; missing fields are empty. */
static int split_ip_fields(char *text, const char *ret[FIELDS_MAX])
{
	for (size_t i = 0; i < FIELDS_MAX; i++) {
		char *colon = text ? strchr(text, ':') : NULL;

		ret[i] = text ? text : "";
		if (colon)
			*colon++ = '\0';
		text = colon;
	}
	return text ? -EINVAL : 0;
}

static int parse_method(const char *word, bool has_address, enum ip_method *ret)
{
	bool off = strcmp(word, "off") == 0 || strcmp(word, "none") == 0;
	bool any = !*word || strcmp(word, "on") == 0 || strcmp(word, "any") == 0;

	if (!off && !any && (has_address || strcmp(word, "dhcp") != 0))
		return -EINVAL;
	*ret = has_address ? IP_STATIC : off ? IP_OFF : IP_DHCP;
	return 0;
}

static int parse_address_field(
	struct ipconfig *config, const char *client, const char *gateway, const char *netmask)
{
	uint32_t address;

	if (!parse_ipv4(client, &address) || !is_host(address))
		return -EINVAL;
	config->prefix = class_prefix(address);
	if (*netmask && !parse_netmask(netmask, &config->prefix))
		return -EINVAL;
	if (text_copy(config->address, sizeof(config->address), client) < 0)
		return -EINVAL;
	if (*gateway)
		set_gateway_route(config, "default", gateway);
	return 0;
}

/* The kernel takes 0.0.0.0 for a field that is left out, as boot loaders write it. */
static void drop_zero_addresses(const char *fields[FIELDS_MAX])
{
	static const int places[] = { 0, 1, 2, 7, 8, 9 };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(fields[places[i]], "0.0.0.0") == 0)
			fields[places[i]] = "";
}

static bool parse_mtu(const char *text, unsigned *ret)
{
	return parse_ip_number(text, MTU_MAX, ret) && *ret >= MTU_MIN;
}

/* In the place of the name servers dracut also has an MTU. */
static void take_mtu(const char *fields[FIELDS_MAX], struct ipconfig *config)
{
	unsigned mtu;

	if (*fields[8] || *fields[9] || !parse_mtu(fields[7], &mtu))
		return;
	config->mtu = mtu;
	fields[7] = "";
}

/* Whether every address field but the first is an address or empty. */
static bool are_addresses(const char *const fields[FIELDS_MAX])
{
	static const int places[] = { 1, 2, 7, 8, 9 };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (*fields[places[i]] && !ipconfig_is_host(fields[places[i]]))
			return false;
	return true;
}

/* device:autoconf or device:autoconf:mtu, in place. With DHCP the server's MTU counts. */
static int parse_device_form(char *text, struct ip_setting *setting)
{
	char *colon = strchr(text, ':'), *mtu = colon ? strchr(colon + 1, ':') : NULL;
	unsigned ignored;

	if (!colon || !colon[1])
		return -EINVAL;
	*colon = '\0';
	if (mtu) {
		*mtu = '\0';
		if (!parse_mtu(mtu + 1, &ignored))
			return -EINVAL;
	}
	if (!isalpha((unsigned char)*text) || !ipconfig_is_interface(text) ||
		text_copy(setting->device, sizeof(setting->device), text) < 0)
		return -EINVAL;
	return parse_method(colon + 1, false, &setting->method);
}

int ipconfig_parse(const char *text, struct ip_setting *ret)
{
	struct ip_setting setting = { 0 };
	const char *fields[FIELDS_MAX];
	char copy[512];

	if (text_copy(copy, sizeof(copy), text) < 0 || !*text)
		return -EINVAL;
	if (!strchr(text, ':') && !isdigit((unsigned char)*text)) {
		if (parse_method(text, false, &setting.method) < 0)
			return -EINVAL;
		*ret = setting;
		return 0;
	}
	if (isalpha((unsigned char)*text)) {
		if (parse_device_form(copy, &setting) < 0)
			return -EINVAL;
		*ret = setting;
		return 0;
	}
	if (split_ip_fields(copy, fields) < 0)
		return -EINVAL;
	drop_zero_addresses(fields);
	take_mtu(fields, &setting.fixed);
	if (!are_addresses(fields))
		return -EINVAL;
	if (parse_method(fields[6], *fields[0], &setting.method) < 0)
		return -EINVAL;
	if (*fields[0] && parse_address_field(&setting.fixed, fields[0], fields[2], fields[3]) < 0)
		return -EINVAL;
	if (!*fields[0] && (*fields[2] || *fields[3]))
		return -EINVAL;
	if ((*fields[4] && !is_domain(fields[4])) ||
		(*fields[5] && !ipconfig_is_interface(fields[5])))
		return -EINVAL;
	snprintf(setting.hostname, sizeof(setting.hostname), "%s", fields[4]);
	snprintf(setting.device, sizeof(setting.device), "%s", fields[5]);
	for (int i = 7; i <= 8; i++)
		if (*fields[i])
			ipconfig_add_dns(&setting.fixed, fields[i]);
	*ret = setting;
	return 0;
}

/* -------------------------------------------------------- leases */

/* The value of a name in the lease, or an empty text. */
static const char *lease_value(const char *lease, size_t size_bytes, const char *name)
{
	size_t length = strlen(name);

	for (const char *end = lease + size_bytes; lease < end;) {
		const char *nul = memchr(lease, '\0', (size_t)(end - lease));

		if (!nul)
			break;
		if (strncmp(lease, name, length) == 0 && lease[length] == '=')
			return lease + length + 1;
		lease = nul + 1;
	}
	return "";
}

/* Copies the next word between blanks; false at the end. One that is too long comes out empty. */
static bool next_ip_word(const char **text, char *ret, size_t ret_bytes)
{
	size_t length;

	*text += strspn(*text, " \t");
	length = strcspn(*text, " \t");
	if (length == 0)
		return false;
	snprintf(ret, ret_bytes, "%.*s", length < ret_bytes ? (int)length : 0, *text);
	*text += length;
	return true;
}

/* "10.0.0.0/8"; the default route is 0.0.0.0/0. */
static bool is_network(const char *text)
{
	char address[IPV4_BYTES];
	const char *slash = strchr(text, '/');
	uint32_t number;
	unsigned prefix;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return false;
	snprintf(address, sizeof(address), "%.*s", (int)(slash - text), text);
	return parse_ipv4(address, &number) && parse_ip_number(slash + 1, 32, &prefix) &&
	       (number & ~mask_of(prefix)) == 0;
}

/* Pairs of network and gateway, which is 0.0.0.0 for what is on the link (RFC 3442). */
static void take_classless_routes(struct ipconfig *config, const char *text)
{
	char network[IPV4_BYTES + 3], gateway[IPV4_BYTES];

	while (next_ip_word(&text, network, sizeof(network)) &&
		next_ip_word(&text, gateway, sizeof(gateway))) {
		bool on_the_link = strcmp(gateway, "0.0.0.0") == 0;

		if (!is_network(network) || (!on_the_link && !ipconfig_is_host(gateway)))
			continue;
		set_gateway_route(config, strcmp(network, "0.0.0.0/0") == 0 ? "default" : network,
			on_the_link ? "" : gateway);
	}
}

/* Takes the first valid router; the others are its fallbacks. */
static void take_routers(struct ipconfig *config, const char *text)
{
	char word[IPV4_BYTES];

	while (next_ip_word(&text, word, sizeof(word))) {
		if (!ipconfig_is_host(word))
			continue;
		set_gateway_route(config, "default", word);
		return;
	}
}

static void take_dns(struct ipconfig *config, const char *text)
{
	char word[IPV4_BYTES];

	while (next_ip_word(&text, word, sizeof(word)))
		if (ipconfig_is_host(word))
			ipconfig_add_dns(config, word);
}

int ipconfig_from_lease(
	const char *lease, size_t size_bytes, struct ipconfig *ret, struct error *err)
{
	struct ipconfig config = { 0 };
	const char *address = lease_value(lease, size_bytes, "ip");
	const char *mask = lease_value(lease, size_bytes, "subnet");
	const char *domain = lease_value(lease, size_bytes, "domain");

	if (parse_address_field(&config, address, "", mask) < 0)
		return error_set(err, -EBADMSG,
			"the lease's address \"%.40s\" with the netmask \"%.40s\" is none for a "
			"host",
			address, mask);
	take_classless_routes(&config, lease_value(lease, size_bytes, "staticroutes"));
	if (config.route_count == 0)
		take_routers(&config, lease_value(lease, size_bytes, "router"));
	take_dns(&config, lease_value(lease, size_bytes, "dns"));
	if (is_domain(domain))
		snprintf(config.search, sizeof(config.search), "%s", domain);
	if (!parse_ip_number(lease_value(lease, size_bytes, "mtu"), MTU_MAX, &config.mtu) ||
		config.mtu < MTU_MIN)
		config.mtu = 0;
	*ret = config;
	return 0;
}

void ipconfig_resolv_conf(const struct ipconfig *config, char ret[IPCONFIG_RESOLV_BYTES])
{
	ret[0] = '\0';
	if (config->search[0])
		text_append(ret, IPCONFIG_RESOLV_BYTES, "search %s\n", config->search);
	for (size_t i = 0; i < config->dns_count; i++)
		text_append(ret, IPCONFIG_RESOLV_BYTES, "nameserver %s\n", config->dns[i]);
}
