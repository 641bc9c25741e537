/* SPDX-License-Identifier: MIT */
/*
 * network_cards — the interfaces that a network configuration lists, and the choice of the one by
 * which the installer reaches a server.
 *
 * Pure. cloud_network reads the formats and fills the interfaces in.
 *
 * Tested by: tests/unit/test_cloud_network.c (network_cards).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define NETWORK_CARDS_MAX   32
#define NETWORK_VALUE_BYTES 64
#define NETWORK_DNS_MAX	    2 /* the limit of ip= */

enum network_addressing {
	ADDRESS_NONE,
	ADDRESS_STATIC,
	ADDRESS_DHCP,
	ADDRESS_IPV6, /* which routers advertise */
};

/* One interface, or in network_data.json one network on it. */
struct network_card {
	char name[NETWORK_VALUE_BYTES]; /* of version 2 the member's name, else a name or an id */
	char type[NETWORK_VALUE_BYTES]; /* empty: Ethernet */
	char mac[NETWORK_VALUE_BYTES];
	char link[NETWORK_VALUE_BYTES]; /* network_data.json: id of the interface of this network */
	enum network_addressing addressing;
	bool dhcp; /* also beside a static address */
	char address[NETWORK_VALUE_BYTES], netmask[NETWORK_VALUE_BYTES],
		gateway[NETWORK_VALUE_BYTES];
	char dns[NETWORK_DNS_MAX][NETWORK_VALUE_BYTES];
	size_t dns_count;
};

/* A route, whose members come in any order. */
struct network_route {
	char to[NETWORK_VALUE_BYTES], netmask[NETWORK_VALUE_BYTES], via[NETWORK_VALUE_BYTES];
};

struct network_cards {
	struct network_card cards[NETWORK_CARDS_MAX];
	size_t count;
	struct network_card others; /* takes what is said of no card: name servers */
	struct network_card *card;  /* the one that is being read */
	struct network_route route;
	bool overfull;
	char ignored[256]; /* joined by ", " */
};

/* What follows from it: values of the keys ip and interface. */
struct cloud_network {
	char ip[256];	    /* empty: nothing is said */
	char interface[32]; /* a MAC address; empty: any interface */
	char ignored[256];  /* joined by ", " */
};

/* Copies a value. One that is too long is no address, and is refused as what is left of it. */
void network_cards_keep(char ret[NETWORK_VALUE_BYTES], const char *value);

bool network_cards_is_ipv6(const char *address);

/* Begins the next interface, which is cards->card then. */
void network_cards_begin(struct network_cards *cards);

/* Name servers, separated by blanks or commas. What is no IPv4 address of another host is left out:
 * IPv6 servers, and those of the guest itself such as 127.0.0.53. */
void network_cards_add_dns(struct network_card *card, const char *addresses);

/* The first IPv4 address counts; "a.b.c.d/n" has its netmask behind it. */
void network_cards_add_address(
	struct network_cards *cards, struct network_card *card, const char *text);

/* dhcp, dhcp4, static, static6, ipv4_dhcp, ipv6_slaac, … of a subnet or a network. */
void network_cards_take_addressing(
	struct network_cards *cards, struct network_card *card, const char *type);

/* A member of a route. The route ends where its element does, or with the document. */
void network_cards_take_route(struct network_cards *cards, const char *member, const char *value);

/* Ends a route: of all routes only the default one is used. */
void network_cards_end_route(struct network_cards *cards, struct network_card *card);

/* Chooses: the first Ethernet card that has an address or DHCP. -EINVAL with EXIT_CONFIGURATION if
 * its values are no addresses. */
int network_cards_finish(
	struct network_cards *cards, struct cloud_network *ret, struct error *err) WARN_UNUSED;
