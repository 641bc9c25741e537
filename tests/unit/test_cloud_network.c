/* SPDX-License-Identifier: MIT */
/* Proves which address the installer takes from network-config and network_data.json, and what of
 * them is named as ignored.
 *
 * Modules: input/cloud_network, input/network_cards. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "input/cloud_network.h"

typedef int read_fn(
	const char *text, size_t size_bytes, struct cloud_network *ret, struct error *err);

static void gives(
	read_fn *read, const char *text, const char *ip, const char *interface, const char *ignored)
{
	struct cloud_network found;
	struct error err = { 0 };

	if (read(text, strlen(text), &found, &err) < 0)
		fail_msg("%s\nof:\n%s", err.text, text);
	assert_string_equal(found.ip, ip);
	assert_string_equal(found.interface, interface);
	assert_string_equal(found.ignored, ignored);
}

static void refuses(read_fn *read, const char *text, const char *says)
{
	struct cloud_network found = { .ip = "untouched" };
	struct error err = { 0 };

	assert_int_equal(read(text, strlen(text), &found, &err), -EINVAL);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
	if (!strstr(err.text, says))
		fail_msg("'%s' does not say '%s'", err.text, says);
	assert_string_equal(found.ip, "untouched");
}

/* As Proxmox writes it for ipconfig0 with an address, and with dhcp. */
static void version_1_of_proxmox_is_read(void **state)
{
	(void)state;
	gives(cloud_network_config,
		"version: 1\n"
		"config:\n"
		"    - type: physical\n"
		"      name: eth0\n"
		"      mac_address: 'bc:24:11:00:00:01'\n"
		"      subnets:\n"
		"      - type: static\n"
		"        address: '192.0.2.5'\n"
		"        netmask: '255.255.255.0'\n"
		"        gateway: '192.0.2.1'\n"
		"    - type: nameserver\n"
		"      address:\n"
		"      - '192.0.2.53'\n"
		"      search:\n"
		"      - 'example.com'\n",
		"192.0.2.5::192.0.2.1:255.255.255.0:::off:192.0.2.53:", "bc:24:11:00:00:01", "");
	gives(cloud_network_config,
		"version: 1\nconfig:\n    - type: physical\n      name: eth0\n"
		"      mac_address: 'bc:24:11:00:00:01'\n"
		"      subnets:\n      - type: dhcp4\n      - type: dhcp6\n",
		"dhcp", "bc:24:11:00:00:01", "IPv6 addresses");
}

static void null_says_nothing(void **state)
{
	(void)state;
	gives(cloud_network_config,
		"version: 2\nethernets:\n  e:\n    addresses: [192.0.2.5/24]\n    gateway4: null\n"
		"    nameservers: {addresses: [~]}\n",
		"192.0.2.5:::24:::off::", "", "");
}

static void version_1_has_members_in_any_order(void **state)
{
	(void)state;
	gives(cloud_network_config,
		"network:\n  config:\n"
		"  - subnets:\n"
		"    - routes:\n"
		"      - {gateway: 192.0.2.9, network: 198.51.100.0, netmask: 255.255.255.0}\n"
		"      - {gateway: 192.0.2.1, netmask: 0.0.0.0, network: 0.0.0.0}\n"
		"      dns_nameservers: [192.0.2.53, '2001:db8::53', 192.0.2.54, 192.0.2.55]\n"
		"      address: 192.0.2.5/24\n"
		"      type: static\n"
		"    type: physical\n"
		"  version: 1\n",
		"192.0.2.5::192.0.2.1:24:::off:192.0.2.53:192.0.2.54", "", "routes");
}

/* cloud-init's documentation, "Networking config Version 2", and as netplan is written. */
static void version_2_is_read(void **state)
{
	(void)state;
	gives(cloud_network_config,
		"network:\n"
		"  version: 2\n"
		"  ethernets:\n"
		"    id0:\n"
		"      match:\n"
		"        macaddress: '00:11:22:33:44:55'\n"
		"      set-name: eth9\n"
		"      addresses:\n"
		"        - '2001:db8::5/64'\n"
		"        - 192.0.2.5/24\n"
		"        - 192.0.2.6/24\n"
		"      gateway4: 192.0.2.1\n"
		"      nameservers:\n"
		"        search: [a.example]\n"
		"        addresses: [192.0.2.53]\n"
		"    id1:\n"
		"      match: {macaddress: '00:11:22:33:44:66'}\n"
		"      dhcp4: true\n",
		"192.0.2.5::192.0.2.1:24:::off:192.0.2.53:", "00:11:22:33:44:55",
		"IPv6 addresses, further addresses, further interfaces");
	gives(cloud_network_config,
		"version: 2\nethernets:\n  all:\n    match: {name: 'en*'}\n    dhcp4: yes\n",
		"dhcp", "", "");
	gives(cloud_network_config,
		"version: 2\nethernets:\n  eth0:\n    addresses: [192.0.2.5/32]\n"
		"    routes:\n    - to: default\n      via: 198.51.100.1\n      on-link: true\n"
		"  eth1:\n    routes:\n    - to: 0.0.0.0/0\n      via: 203.0.113.1\n",
		"192.0.2.5::198.51.100.1:32:::off::", "", "");
}

static void a_route_belongs_to_its_interface(void **state)
{
	(void)state;
	gives(cloud_network_config,
		"version: 2\nethernets:\n  eth0:\n    routes: [{to: default, via: 203.0.113.1}]\n"
		"  eth1:\n    addresses: [192.0.2.5/24]\n",
		"192.0.2.5:::24:::off::", "", "");
}

static void ipv6_alone_is_left_to_routers(void **state)
{
	(void)state;
	gives(cloud_network_config,
		"version: 2\nethernets:\n  eth0:\n    addresses: ['2001:db8::5/64']\n", "off", "",
		"IPv6 addresses");
	/* as Nova writes it */
	gives(cloud_network_data,
		"{\"links\": [{\"id\": \"a\", \"ethernet_mac_address\": \"fa:16:3e:00:00:01\"}],"
		" \"networks\": [{\"link\": \"a\", \"type\": \"ipv6\", \"ip_address\": \"2001:db8::5\","
		" \"netmask\": \"ffff:ffff:ffff:ffff::\"}]}",
		"off", "fa:16:3e:00:00:01", "IPv6 addresses");
	/* beside an address of IPv4 */
	gives(cloud_network_config,
		"version: 1\nconfig:\n- type: physical\n  name: e\n  subnets:\n"
		"  - {type: static6, address: '2001:db8::5', netmask: 'ffff:ffff:ffff:ffff::'}\n"
		"  - {type: static, address: 192.0.2.5, netmask: 255.255.255.0}\n",
		"192.0.2.5:::255.255.255.0:::off::", "", "IPv6 addresses");
	/* and counts less than a card with IPv4 */
	gives(cloud_network_config,
		"version: 2\nethernets:\n  eth0: {dhcp6: true}\n  eth1: {dhcp4: true}\n", "dhcp",
		"", "IPv6 addresses");
}

static void stacked_interfaces_are_named(void **state)
{
	(void)state;
	gives(cloud_network_config,
		"version: 2\nbonds:\n  bond0:\n    interfaces: [a, b]\n    addresses: [192.0.2.5/24]\n",
		"", "", "bonds, bridges, VLANs and other stacked interfaces");
	gives(cloud_network_config,
		"version: 1\nconfig:\n- type: vlan\n  name: v\n  subnets: [{type: dhcp}]\n"
		"- type: physical\n  name: e\n  subnets: [{type: dhcp}]\n",
		"dhcp", "", "bonds, bridges, VLANs and other stacked interfaces");
}

static void nothing_said_changes_nothing(void **state)
{
	static const char *const texts[] = { "", "{}", "version: 2\n", "config: disabled\n",
		"version: 1\nconfig: []\n", "version: 2\nethernets:\n  eth0: {dhcp4: false}\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		gives(cloud_network_config, texts[i], "", "", "");
	gives(cloud_network_data, "{}", "", "", "");
}

/* As nova writes it. */
static void network_data_is_read(void **state)
{
	(void)state;
	gives(cloud_network_data,
		"{\"links\": [{\"id\": \"tapa\", \"vif_id\": \"x\", \"type\": \"ovs\", \"mtu\": 1450,"
		" \"ethernet_mac_address\": \"fa:16:3e:00:00:01\"}],"
		" \"networks\": [{\"id\": \"network0\", \"type\": \"ipv4\", \"link\": \"tapa\","
		" \"ip_address\": \"192.0.2.5\", \"netmask\": \"255.255.255.0\","
		" \"routes\": [{\"network\": \"0.0.0.0\", \"netmask\": \"0.0.0.0\","
		" \"gateway\": \"192.0.2.1\"}], \"network_id\": \"y\"}],"
		" \"services\": [{\"type\": \"dns\", \"address\": \"192.0.2.53\"}]}",
		"192.0.2.5::192.0.2.1:255.255.255.0:::off:192.0.2.53:", "fa:16:3e:00:00:01", "");
	gives(cloud_network_data,
		"{\"services\": [], \"networks\": [{\"link\": \"a\", \"type\": \"ipv4_dhcp\"}],"
		" \"links\": [{\"id\": \"a\", \"ethernet_mac_address\": \"fa:16:3e:00:00:01\", "
		"\"type\": \"phy\"}]}",
		"dhcp", "fa:16:3e:00:00:01", "");
	gives(cloud_network_data,
		"{\"links\": [{\"id\": \"b\", \"type\": \"bond\", \"bond_links\": [\"a\"]}],"
		" \"networks\": [{\"link\": \"b\", \"type\": \"ipv4_dhcp\"}]}",
		"", "", "bonds, bridges, VLANs and other stacked interfaces");
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const addresses[] = { "192.0.2.500", "127.0.0.1", "a", "192.0.2.5/33",
		"192.0.2.5/24/1" };
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		snprintf(text, sizeof(text),
			"version: 2\nethernets:\n  eth0:\n    addresses: ['%s']\n", addresses[i]);
		refuses(cloud_network_config, text, "cannot be used");
	}
	refuses(cloud_network_config,
		"version: 2\nethernets:\n  e: {addresses: [192.0.2.5/24], gateway4: '192.0.2.1:1'}\n",
		"cannot be used");
	refuses(cloud_network_config,
		"version: 2\nethernets:\n  e: {match: {macaddress: x}, dhcp4: true}\n",
		"\"x\" is no MAC address");
	refuses(cloud_network_config, "a: [\n", "line 2: it is not well-formed YAML");
	refuses(cloud_network_data, "{", "it is not well-formed JSON");
	refuses(cloud_network_data, "[]", "must be a JSON object");
}

static void interfaces_beyond_the_limit_are_named(void **state)
{
	static char text[1 << 16] = "version: 2\nethernets:\n";

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		sprintf(text + strlen(text), "  e%u: {nameservers: {addresses: [192.0.2.%u]}}\n", i,
			i + 1);
	text_append(text, sizeof(text), "  last: {dhcp4: true}\n");
	gives(cloud_network_config, text, "", "", "more than 32 interfaces");
}

/* The values that cloud-init's own network_state gives for the same files. */
static void dhcp_beside_an_address_without_a_gateway_counts(void **state)
{
	(void)state;
	gives(cloud_network_config,
		"version: 2\nethernets:\n  e: {dhcp4: true, addresses: [10.9.9.5/24]}\n", "dhcp",
		"", "");
	gives(cloud_network_config,
		"version: 1\nconfig:\n- type: physical\n  name: e\n  subnets:\n"
		"  - {type: static, address: 10.9.9.5/24}\n  - {type: dhcp4}\n",
		"dhcp", "", "");
	gives(cloud_network_data,
		"{\"links\": [{\"id\": \"a\", \"ethernet_mac_address\": \"fa:16:3e:00:00:01\"}],"
		" \"networks\": [{\"link\": \"a\", \"type\": \"ipv4\", \"ip_address\": \"10.9.9.5\","
		" \"netmask\": \"255.255.255.0\"}, {\"link\": \"a\", \"type\": \"ipv4_dhcp\"}]}",
		"dhcp", "fa:16:3e:00:00:01", "");
	/* with a gateway it is complete */
	gives(cloud_network_config,
		"version: 2\nethernets:\n  e: {dhcp4: true, addresses: [10.9.9.5/24], gateway4: 10.9.9.1}\n",
		"10.9.9.5::10.9.9.1:24:::off::", "", "");
}

static void version_1_has_a_prefix_and_routes_of_their_own(void **state)
{
	(void)state;
	gives(cloud_network_config,
		"version: 1\nconfig:\n"
		"- type: physical\n  name: e\n  subnets:\n"
		"  - {type: static6, address: '2001:db8::5', prefix: 64}\n"
		"  - {type: static, address: 10.9.9.5, prefix: 16}\n"
		"- {destination: 10.0.0.0/8, gateway: 10.9.9.9, type: route}\n"
		"- {type: route, destination: 0.0.0.0/0, gateway: 10.9.9.1}\n",
		"10.9.9.5::10.9.9.1:16:::off::", "", "IPv6 addresses, routes");
	gives(cloud_network_config,
		"version: 1\nconfig:\n- type: physical\n  name: e\n"
		"  subnets: [{type: static, address: 10.9.9.5, gateway: 10.9.9.1}]\n",
		"10.9.9.5::10.9.9.1:24:::off::", "", "");
}

static void name_servers_that_the_installer_cannot_use_are_left_out(void **state)
{
	(void)state;
	gives(cloud_network_config,
		"version: 2\nethernets:\n  e:\n    addresses: [10.9.9.5/24]\n    gateway4: 10.9.9.1\n"
		"    nameservers: {addresses: [127.0.0.53, '192.0.2.53#dns.example', 192.0.2.54]}\n",
		"10.9.9.5::10.9.9.1:24:::off:192.0.2.54:", "", "");
	gives(cloud_network_config,
		"version: 2\nethernets:\n  e:\n    addresses: [10.9.9.5/24]\n    gateway4: 10.9.9.1\n"
		"    nameservers: {addresses: 192.0.2.53}\n",
		"10.9.9.5::10.9.9.1:24:::off:192.0.2.53:", "", "");
	gives(cloud_network_config,
		"version: 1\nconfig:\n- type: physical\n  name: e\n  subnets:\n"
		"  - {type: static, address: 10.9.9.5/24, dns_nameservers: '192.0.2.53 192.0.2.54'}\n",
		"10.9.9.5:::24:::off:192.0.2.53:192.0.2.54", "", "");
}

static void a_mac_address_to_set_is_not_that_of_the_card(void **state)
{
	(void)state;
	gives(cloud_network_config,
		"version: 2\nethernets:\n  e:\n    match: {macaddress: '00:11:22:33:44:55'}\n"
		"    macaddress: '00:11:22:33:44:99'\n    dhcp4: true\n",
		"dhcp", "00:11:22:33:44:55", "");
	gives(cloud_network_config,
		"version: 2\nethernets:\n  e: {macaddress: '00:11:22:33:44:99', dhcp4: true}\n",
		"dhcp", "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1_of_proxmox_is_read),
		cmocka_unit_test(null_says_nothing),
		cmocka_unit_test(version_1_has_members_in_any_order),
		cmocka_unit_test(version_2_is_read),
		cmocka_unit_test(a_route_belongs_to_its_interface),
		cmocka_unit_test(ipv6_alone_is_left_to_routers),
		cmocka_unit_test(stacked_interfaces_are_named),
		cmocka_unit_test(nothing_said_changes_nothing),
		cmocka_unit_test(network_data_is_read),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(interfaces_beyond_the_limit_are_named),
		cmocka_unit_test(dhcp_beside_an_address_without_a_gateway_counts),
		cmocka_unit_test(version_1_has_a_prefix_and_routes_of_their_own),
		cmocka_unit_test(name_servers_that_the_installer_cannot_use_are_left_out),
		cmocka_unit_test(a_mac_address_to_set_is_not_that_of_the_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
