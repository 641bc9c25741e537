/* SPDX-License-Identifier: MIT */
/* ipconfig and rdnss: what ip=, a DHCP lease and a router advertisement may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>

#include "net/ipconfig.h"
#include "net/rdnss.h"

#define LEASE(text) (text), sizeof(text)

static struct ip_setting setting_of(const char *text)
{
	struct ip_setting setting;

	assert_int_equal(ipconfig_parse(text, &setting), 0);
	return setting;
}

static struct ipconfig lease_of(const char *lease, size_t size_bytes)
{
	struct ipconfig config;
	struct error err;

	assert_int_equal(ipconfig_from_lease(lease, size_bytes, &config, &err), 0);
	return config;
}

static void a_word_alone_is_the_method(void **state)
{
	(void)state;
	assert_int_equal(setting_of("dhcp").method, IP_DHCP);
	assert_int_equal(setting_of("on").method, IP_DHCP);
	assert_int_equal(setting_of("any").method, IP_DHCP);
	assert_int_equal(setting_of("off").method, IP_OFF);
	assert_int_equal(setting_of("none").method, IP_OFF);
}

static void every_field_is_taken_over(void **state)
{
	struct ip_setting setting = setting_of("10.0.2.7:10.0.2.9:10.0.2.2:255.255.255.0:guest-7:"
					       "eth1:none:10.0.2.3:9.9.9.9:1.1.1.1");

	(void)state;
	assert_int_equal(setting.method, IP_STATIC);
	assert_string_equal(setting.fixed.address, "10.0.2.7");
	assert_int_equal(setting.fixed.prefix, 24);
	assert_int_equal(setting.fixed.route_count, 1);
	assert_string_equal(setting.fixed.routes[0].destination, "default");
	assert_string_equal(setting.fixed.routes[0].gateway, "10.0.2.2");
	assert_false(setting.fixed.routes[0].onlink);
	assert_string_equal(setting.hostname, "guest-7");
	assert_string_equal(setting.device, "eth1");
	assert_int_equal(setting.fixed.dns_count, 2);
	assert_string_equal(setting.fixed.dns[0], "10.0.2.3");
	assert_string_equal(setting.fixed.dns[1], "9.9.9.9");
}

static void what_is_left_out_has_the_kernels_default(void **state)
{
	struct ip_setting setting = setting_of("172.16.0.9::172.16.0.1");

	(void)state;
	assert_int_equal(setting.method, IP_STATIC);
	assert_int_equal(setting.fixed.prefix, 16);
	assert_int_equal(setting_of("10.1.2.3").fixed.prefix, 8);
	assert_int_equal(setting_of("192.168.1.2").fixed.prefix, 24);
	assert_int_equal(setting_of("192.168.1.2").fixed.route_count, 0);
	assert_int_equal(setting_of("192.168.1.2:::27").fixed.prefix, 27);
	setting = setting_of("::::guest:eth0:dhcp");
	assert_int_equal(setting.method, IP_DHCP);
	assert_string_equal(setting.hostname, "guest");
	assert_string_equal(setting.device, "eth0");
	setting = setting_of("enp1s0:dhcp");
	assert_int_equal(setting.method, IP_DHCP);
	assert_string_equal(setting.device, "enp1s0");
	assert_int_equal(setting_of("enp1s0:none").method, IP_OFF);
	setting = setting_of(":::::eth0:off:192.168.0.3");
	assert_int_equal(setting.method, IP_OFF);
	assert_string_equal(setting.fixed.dns[0], "192.168.0.3");
}

/* pxelinux and U-Boot write 0.0.0.0 where a server or a gateway is not known. */
static void a_zero_address_is_a_field_that_is_left_out(void **state)
{
	struct ip_setting setting = setting_of("192.0.2.2:0.0.0.0:0.0.0.0:255.255.255.0::eth0:off:"
					       "0.0.0.0:0.0.0.0");

	(void)state;
	assert_int_equal(setting.method, IP_STATIC);
	assert_int_equal(setting.fixed.route_count, 0);
	assert_int_equal(setting.fixed.dns_count, 0);
	setting = setting_of("0.0.0.0::::guest:eth0:dhcp");
	assert_int_equal(setting.method, IP_DHCP);
	assert_string_equal(setting.device, "eth0");
	assert_int_equal(setting_of("0.0.0.0").method, IP_DHCP);
}

/* dracut.cmdline(7) */
static void an_mtu_may_follow_the_method(void **state)
{
	struct ip_setting setting = setting_of("192.0.2.2::192.0.2.1:24:guest:eth0:none:9000");

	(void)state;
	assert_int_equal(setting.method, IP_STATIC);
	assert_int_equal(setting.fixed.mtu, 9000);
	assert_int_equal(setting.fixed.dns_count, 0);
	setting = setting_of("eth0:dhcp:1500");
	assert_int_equal(setting.method, IP_DHCP);
	assert_string_equal(setting.device, "eth0");
	assert_int_equal(setting_of("192.0.2.2:::24:::off:192.0.2.53").fixed.mtu, 0);
}

static void what_is_no_setting_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"bootp",
		"rarp",
		"both",
		"static",
		"eth0:",
		"eth0:dhcp6",
		"eth0:dhcp:1500:52:54:00:12:34:56",
		"eth0:dhcp:",
		"eth0:dhcp:100",
		"a-name-of-16-byte:dhcp",
		":dhcp",
		"10.0.2",
		"10.0.2.256",
		"127.0.0.1",
		"0.0.0.1",
		"224.0.0.1",
		"10.0.2.7/24",
		"10.0.2.7::10.0.2.2:255.0.255.0",
		"10.0.2.7::10.0.2.2:33",
		"10.0.2.7::10.0.2.2:0",
		"10.0.2.7::gateway",
		"10.0.2.7:server",
		"::10.0.2.2",
		":::255.255.255.0",
		"10.0.2.7::::guest name",
		"10.0.2.7::::guest;reboot",
		"10.0.2.7:::::../eth0",
		"10.0.2.7:::::a-name-of-16-byte",
		"10.0.2.7::::::dhcp",
		"10.0.2.7::::::none:dns",
		"10.0.2.7::::::none:::ntp",
		"10.0.2.7::::::none::::",
		"[fec0::1]::",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct ip_setting setting = { .method = IP_OFF, .device = "kept" };

		if (ipconfig_parse(wrong[i], &setting) != -EINVAL)
			fail_msg("\"%s\" is accepted", wrong[i]);
		assert_string_equal(setting.device, "kept");
	}
}

static void a_lease_is_taken_over(void **state)
{
	char text[IPCONFIG_RESOLV_BYTES];
	struct ipconfig config = lease_of(
		LEASE("interface=eth0\0ip=192.168.7.20\0subnet=255.255.255.0\0"
		      "router=192.168.7.1 192.168.7.2\0dns=192.168.7.1 9.9.9.9\0"
		      "domain=example.org\0mtu=1400\0"));

	(void)state;
	assert_string_equal(config.address, "192.168.7.20");
	assert_int_equal(config.prefix, 24);
	assert_int_equal(config.route_count, 1);
	assert_string_equal(config.routes[0].gateway, "192.168.7.1");
	assert_int_equal(config.mtu, 1400);
	ipconfig_resolv_conf(&config, text);
	assert_string_equal(
		text, "search example.org\nnameserver 192.168.7.1\nnameserver 9.9.9.9\n");
}

static void classless_routes_win_over_routers(void **state)
{
	struct ipconfig config = lease_of(
		LEASE("ip=10.132.0.2\0subnet=255.255.255.255\0router=10.9.9.9\0"
		      "staticroutes=10.132.0.1/32 0.0.0.0 0.0.0.0/0 10.132.0.1\0"));

	(void)state;
	assert_int_equal(config.prefix, 32);
	assert_int_equal(config.route_count, 2);
	assert_string_equal(config.routes[0].destination, "10.132.0.1/32");
	assert_string_equal(config.routes[0].gateway, "");
	assert_string_equal(config.routes[1].destination, "default");
	assert_string_equal(config.routes[1].gateway, "10.132.0.1");
	assert_true(config.routes[1].onlink);
}

static void a_lease_without_an_address_is_refused(void **state)
{
	static const char *const wrong[] = { "", "10.0.2", "-f", "127.0.0.1", "255.255.255.255",
		"10.0.2.15 10.0.2.16", "10.0.2.15\n" };
	struct ipconfig config;
	struct error err;
	char lease[64];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int n = snprintf(lease, sizeof(lease), "ip=%s", wrong[i]);

		assert_int_equal(
			ipconfig_from_lease(lease, (size_t)n + 1, &config, &err), -EBADMSG);
	}
	assert_int_equal(
		ipconfig_from_lease(LEASE("ip=10.0.2.15\0subnet=255.0.0.255\0"), &config, &err),
		-EBADMSG);
	/* The last string has no end. */
	assert_int_equal(ipconfig_from_lease("ip=10.0.2.15", 12, &config, &err), -EBADMSG);
}

static void what_is_hostile_in_a_lease_is_left_out(void **state)
{
	char text[IPCONFIG_RESOLV_BYTES];
	struct ipconfig config = lease_of(LEASE(
		"ip=10.0.2.15\0subnet=255.255.255.0\0router=-h 10.0.2.2;reboot 127.0.0.1 10.0.2.2\0"
		"dns=nameserver 10.0.2.3\n9.9.9.9 0.0.0.0 10.0.2.4 10.0.2.4 10.0.2.5 10.0.2.6 "
		"10.0.2.8\0"
		"domain=x\nnameserver 6.6.6.6\0mtu=10\0staticroutes=1.2.3.4/8 10.0.2.2 default "
		"10.0.2.2\0"));

	(void)state;
	assert_int_equal(config.route_count, 1);
	assert_string_equal(config.routes[0].gateway, "10.0.2.2");
	assert_int_equal(config.mtu, 0);
	ipconfig_resolv_conf(&config, text);
	assert_string_equal(
		text, "nameserver 10.0.2.4\nnameserver 10.0.2.5\nnameserver 10.0.2.6\n");
}

static void routes_without_end_are_cut_off(void **state)
{
	char lease[4096] = "ip=10.0.2.15";
	size_t used = strlen(lease) + 1;
	int n = snprintf(lease + used, sizeof(lease) - used, "staticroutes=");

	(void)state;
	for (int i = 0; i < 100; i++)
		n += snprintf(lease + used + n, sizeof(lease) - used - (size_t)n,
			"10.%d.0.0/16 10.0.2.2 ", i);
	assert_int_equal(lease_of(lease, used + (size_t)n + 1).route_count, IPCONFIG_ROUTES_MAX);
}

static void interfaces_and_macs_have_their_form(void **state)
{
	(void)state;
	assert_true(ipconfig_is_interface("enp0s3"));
	assert_false(ipconfig_is_interface(""));
	assert_false(ipconfig_is_interface(".."));
	assert_false(ipconfig_is_interface("a/b"));
	assert_false(ipconfig_is_interface("eth0:1"));
	assert_true(ipconfig_is_mac("52:54:00:aB:cd:EF"));
	assert_false(ipconfig_is_mac("52:54:00:ab:cd"));
	assert_false(ipconfig_is_mac("52:54:00:ab:cd:ef:00"));
	assert_false(ipconfig_is_mac("52-54-00-ab-cd-ef"));
}

/* -------------------------------------------------------- rdnss */

struct message {
	struct nlmsghdr header;
	struct nduseroptmsg user;
	uint8_t options[64];
};

static struct message message_of(const uint8_t *options, size_t size_bytes)
{
	struct message message = {
		.header = { .nlmsg_type = RTM_NEWNDUSEROPT,
			.nlmsg_len = (uint32_t)(offsetof(struct message, options) + size_bytes) },
		.user = { .nduseropt_family = AF_INET6,
			.nduseropt_icmp_type = 134,
			.nduseropt_ifindex = 2,
			.nduseropt_opts_len = (unsigned short)size_bytes },
	};

	memcpy(message.options, options, size_bytes);
	return message;
}

static struct ipconfig heard(const struct message *message, size_t size_bytes)
{
	struct ipconfig config = { 0 };

	rdnss_parse((const uint8_t *)message, size_bytes, &config);
	return config;
}

/* Two addresses, on the link and beyond it. */
static const uint8_t two_servers[40] = { 25, 5, 0, 0, 0, 0, 2, 88, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 3, 0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3 };

static void advertised_name_servers_are_heard(void **state)
{
	struct message message = message_of(two_servers, sizeof(two_servers));
	struct ipconfig config = heard(&message, message.header.nlmsg_len);

	(void)state;
	assert_int_equal(config.dns_count, 2);
	assert_string_equal(config.dns[0], "fe80::3%2");
	assert_string_equal(config.dns[1], "fec0::3");
}

static void a_message_that_is_cut_short_adds_nothing(void **state)
{
	struct message message = message_of(two_servers, sizeof(two_servers));

	(void)state;
	for (size_t n = 0; n < message.header.nlmsg_len; n++)
		assert_int_equal(heard(&message, n).dns_count, 0);
	message.options[1] = 6;
	assert_int_equal(heard(&message, sizeof(message)).dns_count, 0);
	message.options[1] = 0;
	assert_int_equal(heard(&message, sizeof(message)).dns_count, 0);
	message.options[1] = 5;
	message.user.nduseropt_opts_len = 0xffff;
	assert_int_equal(heard(&message, sizeof(message)).dns_count, 0);
}

static void other_messages_and_withdrawn_servers_add_nothing(void **state)
{
	struct message message = message_of(two_servers, sizeof(two_servers));

	(void)state;
	message.user.nduseropt_icmp_type = 137;
	assert_int_equal(heard(&message, sizeof(message)).dns_count, 0);
	message.user.nduseropt_icmp_type = 134;
	message.header.nlmsg_type = RTM_NEWLINK;
	assert_int_equal(heard(&message, sizeof(message)).dns_count, 0);
	message.header.nlmsg_type = RTM_NEWNDUSEROPT;
	memset(message.options + 4, 0, 4);
	assert_int_equal(heard(&message, sizeof(message)).dns_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_alone_is_the_method),
		cmocka_unit_test(every_field_is_taken_over),
		cmocka_unit_test(what_is_left_out_has_the_kernels_default),
		cmocka_unit_test(a_zero_address_is_a_field_that_is_left_out),
		cmocka_unit_test(an_mtu_may_follow_the_method),
		cmocka_unit_test(what_is_no_setting_is_refused),
		cmocka_unit_test(a_lease_is_taken_over),
		cmocka_unit_test(classless_routes_win_over_routers),
		cmocka_unit_test(a_lease_without_an_address_is_refused),
		cmocka_unit_test(what_is_hostile_in_a_lease_is_left_out),
		cmocka_unit_test(routes_without_end_are_cut_off),
		cmocka_unit_test(interfaces_and_macs_have_their_form),
		cmocka_unit_test(advertised_name_servers_are_heard),
		cmocka_unit_test(a_message_that_is_cut_short_adds_nothing),
		cmocka_unit_test(other_messages_and_withdrawn_servers_add_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
