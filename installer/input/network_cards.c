/* SPDX-License-Identifier: MIT */
#include "input/network_cards.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "net/ipconfig.h"

#define DEFAULT_ROUTE  "0.0.0.0/0"
#define DEFAULT_PREFIX "24" /* as in cloud-init's network_state.py */

void network_cards_keep(char ret[NETWORK_VALUE_BYTES], const char *value)
{
	snprintf(ret, NETWORK_VALUE_BYTES, "%s", value);
}

static void note(struct network_cards *cards, const char *what)
{
	size_t room = sizeof(cards->ignored);

	if (!strstr(cards->ignored, what) &&
		strlen(cards->ignored) + strlen(what) + sizeof(", ") <= room)
		text_append(cards->ignored, room, "%s%s", cards->ignored[0] ? ", " : "", what);
}

void network_cards_begin(struct network_cards *cards)
{
	cards->overfull = cards->count == NETWORK_CARDS_MAX;
	cards->card = cards->overfull ? &cards->others : &cards->cards[cards->count++];
}

bool network_cards_is_ipv6(const char *address)
{
	return strchr(address, ':') != NULL;
}

void network_cards_add_dns(struct network_card *card, const char *addresses)
{
	char rest[256], *save = NULL;

	snprintf(rest, sizeof(rest), "%s", addresses);
	for (char *address = strtok_r(rest, ", \t\n", &save); address;
		address = strtok_r(NULL, ", \t\n", &save))
		if (ipconfig_is_host(address) && card->dns_count < NETWORK_DNS_MAX)
			network_cards_keep(card->dns[card->dns_count++], address);
}

void network_cards_add_address(
	struct network_cards *cards, struct network_card *card, const char *text)
{
	const char *slash = strchr(text, '/');
	char address[NETWORK_VALUE_BYTES];

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	if (network_cards_is_ipv6(address)) {
		note(cards, "IPv6 addresses");
		if (card->addressing == ADDRESS_NONE)
			card->addressing = ADDRESS_IPV6;
		return;
	}
	if (card->address[0]) {
		note(cards, "further addresses");
		return;
	}
	network_cards_keep(card->address, address);
	if (slash)
		network_cards_keep(card->netmask, slash + 1);
	card->addressing = ADDRESS_STATIC;
}

void network_cards_end_route(struct network_cards *cards, struct network_card *card)
{
	const struct network_route *route = &cards->route;
	bool all = strcmp(route->to, "default") == 0 || strcmp(route->to, DEFAULT_ROUTE) == 0 ||
		   (strcmp(route->to, "0.0.0.0") == 0 &&
			   (!route->netmask[0] || strcmp(route->netmask, "0.0.0.0") == 0 ||
				   strcmp(route->netmask, "0") == 0));

	if (all && route->via[0] && !network_cards_is_ipv6(route->via)) {
		if (!card->gateway[0])
			network_cards_keep(card->gateway, route->via);
	} else if (route->to[0] && !network_cards_is_ipv6(route->to)) {
		note(cards, "routes");
	}
	cards->route = (struct network_route){ .to = "" };
}

void network_cards_take_route(struct network_cards *cards, const char *member, const char *value)
{
	struct network_route *route = &cards->route;

	if (strcmp(member, "to") == 0 || strcmp(member, "network") == 0 ||
		strcmp(member, "destination") == 0)
		network_cards_keep(route->to, value);
	else if (strcmp(member, "netmask") == 0)
		network_cards_keep(route->netmask, value);
	else if (strcmp(member, "via") == 0 || strcmp(member, "gateway") == 0)
		network_cards_keep(route->via, value);
}

void network_cards_take_addressing(
	struct network_cards *cards, struct network_card *card, const char *type)
{
	if (strcmp(type, "dhcp") == 0 || strcmp(type, "dhcp4") == 0 ||
		strcmp(type, "ipv4_dhcp") == 0) {
		card->dhcp = true;
		if (card->addressing != ADDRESS_STATIC)
			card->addressing = ADDRESS_DHCP;
	} else if (strstr(type, "6")) {
		note(cards, "IPv6 addresses");
		if (card->addressing == ADDRESS_NONE)
			card->addressing = ADDRESS_IPV6;
	}
}

/* -------------------------------------------------------- the result */

/* What is no Ethernet card of its own needs more than an address. */
static bool is_ethernet(const struct network_card *card)
{
	static const char *const others[] = { "bond", "bonds", "bridges", "vlan", "vlans", "wifis",
		"tunnels", "vrfs", "infiniband", "loopback", NULL };

	for (size_t i = 0; others[i]; i++)
		if (strcmp(card->type, others[i]) == 0)
			return false;
	return strcmp(card->type, "nameserver") != 0 && strcmp(card->type, "route") != 0;
}

static const struct network_card *choose_card(struct network_cards *cards)
{
	const struct network_card *chosen = NULL;

	for (size_t i = 0; i < cards->count; i++) {
		const struct network_card *card = &cards->cards[i];

		if (card->addressing == ADDRESS_NONE)
			continue;
		if (!is_ethernet(card))
			note(cards, "bonds, bridges, VLANs and other stacked interfaces");
		else if (!chosen ||
			 (chosen->addressing == ADDRESS_IPV6 && card->addressing != ADDRESS_IPV6))
			chosen = card;
		else if (strcasecmp(chosen->mac, card->mac) != 0)
			note(cards, "further interfaces");
	}
	return chosen;
}

/* Name servers that version 1 lists as elements of their own, or network_data.json at the top. */
static void add_common_dns(const struct network_cards *cards, struct network_card *card)
{
	for (size_t i = 0; i < cards->count; i++)
		if (strcmp(cards->cards[i].type, "nameserver") == 0)
			for (size_t j = 0; j < cards->cards[i].dns_count; j++)
				network_cards_add_dns(card, cards->cards[i].dns[j]);
	for (size_t j = 0; j < cards->others.dns_count; j++)
		network_cards_add_dns(card, cards->others.dns[j]);
}

/* The default route that version 1 lists as an element of its own. */
static void add_common_route(const struct network_cards *cards, struct network_card *card)
{
	for (size_t i = 0; i < cards->count && !card->gateway[0]; i++)
		if (strcmp(cards->cards[i].type, "route") == 0)
			network_cards_keep(card->gateway, cards->cards[i].gateway);
}

/* Whether the card also has an address by DHCP; in network_data.json that is another network. */
static bool has_dhcp(const struct network_cards *cards, const struct network_card *card)
{
	for (size_t i = 0; i < cards->count; i++)
		if (cards->cards[i].dhcp && card->link[0] &&
			strcmp(cards->cards[i].link, card->link) == 0)
			return true;
	return card->dhcp;
}

/* Writes the value of ip and has it checked as any other. */
static int write_ip(const struct network_card *card, struct cloud_network *ret, struct error *err)
{
	struct ip_setting setting;
	bool bad = card->addressing == ADDRESS_STATIC &&
		   (strchr(card->netmask, ':') || strchr(card->gateway, ':'));

	if (card->addressing == ADDRESS_STATIC)
		snprintf(ret->ip, sizeof(ret->ip), "%.40s::%.40s:%.40s:::off:%.40s:%.40s",
			card->address, card->gateway,
			card->netmask[0] ? card->netmask : DEFAULT_PREFIX, card->dns[0],
			card->dns[1]);
	else
		snprintf(ret->ip, sizeof(ret->ip), "%s",
			card->addressing == ADDRESS_DHCP ? "dhcp" : "off");
	if (bad || ipconfig_parse(ret->ip, &setting) < 0)
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"the address %.40s with the netmask \"%.40s\", the gateway \"%.40s\" and the name servers \"%.40s\" and \"%.40s\" cannot be used: correct it, or set ip",
			card->address, card->netmask, card->gateway, card->dns[0], card->dns[1]);
	if (card->mac[0] && !ipconfig_is_mac(card->mac))
		return error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
			"\"%.40s\" is no MAC address: correct it, or set ip and interface",
			card->mac);
	snprintf(ret->interface, sizeof(ret->interface), "%.17s", card->mac);
	return 0;
}

/* Gives each network the type and the MAC address of its interface. */
static void join_links(struct network_cards *cards)
{
	for (size_t i = 0; i < cards->count; i++) {
		struct network_card *card = &cards->cards[i];

		for (size_t j = 0; card->link[0] && j < cards->count; j++) {
			const struct network_card *link = &cards->cards[j];

			if (link->link[0] || strcmp(link->name, card->link) != 0)
				continue;
			memcpy(card->type, link->type, sizeof(card->type));
			memcpy(card->mac, link->mac, sizeof(card->mac));
		}
	}
}

int network_cards_finish(struct network_cards *cards, struct cloud_network *ret, struct error *err)
{
	const struct network_card *chosen;
	struct network_card card;

	network_cards_end_route(cards, cards->card);
	join_links(cards);
	if (cards->overfull)
		note(cards, "more than 32 interfaces");
	chosen = choose_card(cards);
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->ignored, cards->ignored, sizeof(ret->ignored));
	if (!chosen)
		return 0;
	card = *chosen;
	add_common_dns(cards, &card);
	add_common_route(cards, &card);
	/* The server then gives the route, so the address is one more. */
	if (has_dhcp(cards, &card) && !card.gateway[0])
		card.addressing = ADDRESS_DHCP;
	return write_ip(&card, ret, err);
}
