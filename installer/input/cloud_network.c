/* SPDX-License-Identifier: MIT */
#include "input/cloud_network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"

static bool is_true(const char *value)
{
	return strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0 ||
	       strcasecmp(value, "on") == 0;
}

/* -------------------------------------------------------- version 1 */

/* The netmask or the prefix length of an IPv4 address; of an IPv6 address both are others. */
static void take_netmask(struct network_card *card, const char *value)
{
	bool prefix = !value[strspn(value, "0123456789")];

	if (!card->netmask[0] && !network_cards_is_ipv6(value) && !(prefix && atoi(value) > 32))
		network_cards_keep(card->netmask, value);
}

static void take_subnet(struct network_cards *network, struct network_card *card,
	const char *member, const char *value)
{
	if (strcmp(member, "type") == 0)
		network_cards_take_addressing(network, card, value);
	else if (strcmp(member, "address") == 0)
		network_cards_add_address(network, card, value);
	else if (strcmp(member, "netmask") == 0 || strcmp(member, "prefix") == 0)
		take_netmask(card, value);
	else if (strcmp(member, "gateway") == 0 && !card->gateway[0] &&
		 !network_cards_is_ipv6(value))
		network_cards_keep(card->gateway, value);
	else if (text_starts_with(member, "dns_nameservers"))
		network_cards_add_dns(card, value);
	else if (text_starts_with(member, "routes[]."))
		network_cards_take_route(network, member + strlen("routes[]."), value);
}

/* A member of an element of config. value is NULL where an element begins. */
static void take_version_1(struct network_cards *network, const char *member, const char *value)
{
	struct network_card *card = network->card;

	if (!value) {
		network_cards_end_route(network, card);
		if (!*member)
			network_cards_begin(network);
	} else if (strcmp(member, ".type") == 0) {
		network_cards_keep(card->type, value);
	} else if (strcmp(member, ".name") == 0) {
		network_cards_keep(card->name, value);
	} else if (strcmp(member, ".mac_address") == 0) {
		network_cards_keep(card->mac, value);
	} else if (text_starts_with(member, ".subnets[].")) {
		take_subnet(network, card, member + strlen(".subnets[]."), value);
	} else if (strcmp(member, ".address") == 0 || strcmp(member, ".address[]") == 0) {
		network_cards_add_dns(card, value); /* of a nameserver */
	} else if (*member == '.') {
		network_cards_take_route(network, member + 1, value); /* of a route */
	}
}

/* -------------------------------------------------------- version 2 */

/* The card with this name; a member's name is all that tells where another one begins. */
static struct network_card *find_card(
	struct network_cards *network, const char *type, const char *name)
{
	for (size_t i = 0; i < network->count; i++)
		if (strcmp(network->cards[i].name, name) == 0)
			return &network->cards[i];
	network_cards_end_route(network, network->card);
	network_cards_begin(network);
	network_cards_keep(network->card->name, name);
	network_cards_keep(network->card->type, type);
	return network->card;
}

static void take_version_2(
	struct network_cards *network, const char *type, const char *path, const char *value)
{
	const char *member = path + strcspn(path, ".[");
	struct network_card *card;
	char name[NETWORK_VALUE_BYTES];

	snprintf(name, sizeof(name), "%.*s", (int)(member - path), path);
	card = find_card(network, type, name);
	if (!value)
		network_cards_end_route(network, card);
	else if (strcmp(member, ".match.macaddress") == 0) /* .macaddress is one to set */
		network_cards_keep(card->mac, value);
	else if (strcmp(member, ".dhcp4") == 0 && is_true(value))
		network_cards_take_addressing(network, card, "dhcp4");
	else if (strcmp(member, ".dhcp6") == 0 && is_true(value))
		network_cards_take_addressing(network, card, "dhcp6");
	else if (strcmp(member, ".addresses[]") == 0)
		network_cards_add_address(network, card, value);
	else if (strcmp(member, ".gateway4") == 0)
		network_cards_keep(card->gateway, value);
	else if (strcmp(member, ".nameservers.addresses[]") == 0 ||
		 strcmp(member, ".nameservers.addresses") == 0)
		network_cards_add_dns(card, value);
	else if (text_starts_with(member, ".routes[]."))
		network_cards_take_route(network, member + strlen(".routes[]."), value);
}

static int read_network_config(
	const char *path, const char *value, void *userdata, struct error *err)
{
	static const char *const types[] = { "ethernets", "bonds", "bridges", "vlans", "wifis",
		"tunnels", "vrfs", NULL };
	struct network_cards *network = userdata;

	(void)err;
	if (value && yaml_is_null(value))
		return 0;
	if (text_starts_with(path, "network."))
		path += strlen("network.");
	if (text_starts_with(path, "config[]"))
		take_version_1(network, path + strlen("config[]"), value);
	for (size_t i = 0; types[i]; i++) {
		size_t length = strlen(types[i]);

		if (strncmp(path, types[i], length) == 0 && path[length] == '.')
			take_version_2(network, i == 0 ? "" : types[i], path + length + 1, value);
	}
	return 0;
}

/* -------------------------------------------------------- network_data.json */

static void take_network(struct network_cards *network, const char *member, const char *value)
{
	struct network_card *card = network->card;

	if (strcmp(member, ".link") == 0)
		network_cards_keep(card->link, value);
	else if (strcmp(member, ".type") == 0)
		network_cards_take_addressing(network, card, value);
	else if (strcmp(member, ".ip_address") == 0)
		network_cards_add_address(network, card, value);
	else if (strcmp(member, ".netmask") == 0 && !network_cards_is_ipv6(value))
		network_cards_keep(card->netmask, value);
	else if (strcmp(member, ".gateway") == 0 && !network_cards_is_ipv6(value))
		network_cards_keep(card->gateway, value);
	else if (text_starts_with(member, ".routes[]."))
		network_cards_take_route(network, member + strlen(".routes[]."), value);
	else if (strcmp(member, ".dns_nameservers[]") == 0 ||
		 strcmp(member, ".services[].address") == 0)
		network_cards_add_dns(card, value);
}

/* Interfaces become cards whose link is empty, and networks such as name one. */
static int read_network_data(const char *path, const char *value, void *userdata, struct error *err)
{
	struct network_cards *network = userdata;

	(void)err;
	if (!value) {
		network_cards_end_route(network, network->card);
		if (strcmp(path, "links[]") == 0 || strcmp(path, "networks[]") == 0)
			network_cards_begin(network);
	} else if (strcmp(path, "links[].id") == 0) {
		network_cards_keep(network->card->name, value);
	} else if (strcmp(path, "links[].type") == 0) {
		network_cards_keep(network->card->type, value);
	} else if (strcmp(path, "links[].ethernet_mac_address") == 0) {
		network_cards_keep(network->card->mac, value);
	} else if (text_starts_with(path, "networks[]")) {
		take_network(network, path + strlen("networks[]"), value);
	} else if (strcmp(path, "services[].address") == 0) {
		network_cards_add_dns(&network->others, value);
	}
	return 0;
}

/* -------------------------------------------------------- the documents */

static int read_cards(yaml_walk_fn *walk, yaml_scalar_fn *visit, const char *text,
	size_t size_bytes, struct cloud_network *ret, struct error *err)
{
	AUTO_FREE struct network_cards *cards = must_realloc(NULL, 1, sizeof(*cards));
	struct cloud_network found;
	int r;

	memset(cards, 0, sizeof(*cards));
	cards->card = &cards->others;
	r = walk(text, size_bytes, visit, cards, err);
	if (r < 0)
		return r;
	r = network_cards_finish(cards, &found, err);
	if (r < 0)
		return r;
	*ret = found;
	return 0;
}

int cloud_network_config(
	const char *text, size_t size_bytes, struct cloud_network *ret, struct error *err)
{
	size_t bom_bytes = text_bom_bytes(text, size_bytes);

	return read_cards(
		yaml_walk, read_network_config, text + bom_bytes, size_bytes - bom_bytes, ret, err);
}

int cloud_network_data(
	const char *text, size_t size_bytes, struct cloud_network *ret, struct error *err)
{
	return read_cards(json_walk, read_network_data, text, size_bytes, ret, err);
}
