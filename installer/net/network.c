/* SPDX-License-Identifier: MIT */
#include "net/network.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "net/rdnss.h"

#define DEADLINE_MS	  60000 /* for all of it */
#define INTERFACE_MS	  15000 /* for an interface to appear */
#define NAP_MS		  50
#define DHCP_PAUSE_MS	  1000 /* between two rounds of asking */
#define INTERFACES_MAX	  16
#define TYPE_ETHERNET	  "1" /* ARPHRD_ETHER */
#define BUSYBOX		  "/bin/busybox"
#define LEASE_SCRIPT	  "/sbin/lease.sh"
#define LEASE_PATH	  "/run/guest-installer/lease"
#define RESOLV_CONF_PATH  "/etc/resolv.conf"
#define IPV6_LINK_SCOPE	  0x20 /* of an address: on the link alone */
#define IPV6_HOST_SCOPE	  0x10
#define IPV6_TENTATIVE	  0x40
#define IPV6_ROUTE_UP	  0x0001
#define IPV6_ROUTE_REJECT 0x0200

struct interfaces {
	char names[INTERFACES_MAX][INTERFACE_BYTES];
	size_t count;
};

/* -------------------------------------------------------- interfaces */

static void read_interface_attribute(
	const char *name, const char *attribute, char *ret, size_t ret_bytes)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, attribute);
	file_read_line(path, ret, ret_bytes);
}

/* Whether this interface was requested: by name or MAC, or as any Ethernet card. */
static bool is_wanted_interface(
	const struct ip_setting *ip, const char *interface, const char *name)
{
	const char *device = ip->device[0] ? ip->device : interface;
	char text[64];

	read_interface_attribute(name, "type", text, sizeof(text));
	if (strcmp(text, TYPE_ETHERNET) != 0)
		return false;
	if (strcmp(device, "auto") == 0)
		return true;
	if (!ipconfig_is_mac(device))
		return strcmp(device, name) == 0;
	read_interface_attribute(name, "address", text, sizeof(text));
	return strcasecmp(device, text) == 0;
}

/* The wanted interfaces, in the order in which the kernel found them. */
static void find_interfaces(
	const struct ip_setting *ip, const char *interface, struct interfaces *ret)
{
	struct if_nameindex *all = if_nameindex();

	ret->count = 0;
	for (size_t i = 0; all && all[i].if_index && ret->count < INTERFACES_MAX; i++)
		if (ipconfig_is_interface(all[i].if_name) &&
			is_wanted_interface(ip, interface, all[i].if_name))
			snprintf(ret->names[ret->count++], INTERFACE_BYTES, "%s", all[i].if_name);
	if_freenameindex(all);
}

static void bring_up(const char *name)
{
	struct ifreq request = { 0 };
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0 || request.ifr_flags & IFF_UP)
		return;
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		log_line("network: cannot bring %s up: %s", name, strerror(errno));
}

static bool has_link(const char *name)
{
	char carrier[8];

	read_interface_attribute(name, "carrier", carrier, sizeof(carrier));
	return strcmp(carrier, "1") == 0;
}

/* -------------------------------------------------------- setting one */

static int run_busybox(const char *const *argv, struct error *err)
{
	return process_run(&(struct process){ .argv = argv }, err);
}

static int assign_address(const char *name, const struct ipconfig *config, struct error *err)
{
	char address[IPV4_BYTES + 4];
	const char *const flush[] = { BUSYBOX, "ip", "-4", "addr", "flush", "dev", name, NULL };
	const char *const add[] = { BUSYBOX, "ip", "addr", "add", address, "broadcast", "+", "dev",
		name, NULL };
	int r = run_busybox(flush, err);

	snprintf(address, sizeof(address), "%s/%u", config->address, config->prefix);
	if (r < 0)
		return r;
	return run_busybox(add, err);
}

static int set_mtu(const char *name, unsigned mtu, struct error *err)
{
	char number[16];
	const char *const argv[] = { BUSYBOX, "ip", "link", "set", "dev", name, "mtu", number,
		NULL };

	snprintf(number, sizeof(number), "%u", mtu);
	return run_busybox(argv, err);
}

static int install_route(const char *name, const struct ipconfig_route *route, struct error *err)
{
	const char *argv[12] = { BUSYBOX, "ip", "route", "replace", route->destination, "dev",
		name };
	size_t count = 7;

	if (route->gateway[0]) {
		argv[count++] = "via";
		argv[count++] = route->gateway;
	}
	if (route->onlink)
		argv[count++] = "onlink";
	return run_busybox(argv, err);
}

static int set_interface(const char *name, const struct ipconfig *config, struct error *err)
{
	struct error minor;
	int r = assign_address(name, config, err);

	if (r < 0)
		return r;
	if (config->mtu && set_mtu(name, config->mtu, &minor) < 0)
		log_line("network: %s", minor.text);
	for (size_t i = 0; i < config->route_count; i++) {
		r = install_route(name, &config->routes[i], err);
		if (r < 0)
			return r;
	}
	log_line("network: %s has %s/%u", name, config->address, config->prefix);
	return 0;
}

/* Requests a lease: three times, two seconds each. */
static int ask_dhcp(const char *name, const char *hostname, struct ipconfig *ret, struct error *err)
{
	char option[IPCONFIG_TEXT_BYTES + 16];
	const char *argv[24] = { BUSYBOX, "udhcpc", "-i", name, "-f", "-q", "-n", "-t", "3", "-T",
		"2", "-O", "mtu", "-O", "staticroutes", "-s", LEASE_SCRIPT };
	AUTO_FREE char *lease = NULL;
	size_t size_bytes;
	int r;

	snprintf(option, sizeof(option), "hostname:%s", hostname);
	if (hostname[0]) {
		argv[17] = "-x";
		argv[18] = option;
	}
	unlink(LEASE_PATH);
	r = run_busybox(argv, err);
	if (r < 0)
		return error_set(err, r, "no DHCP server gives %s an address (see ip)", name);
	r = file_read(LEASE_PATH, IPCONFIG_LEASE_MAX, &lease, &size_bytes, err);
	if (r < 0)
		return r;
	return ipconfig_from_lease(lease, size_bytes, ret, err);
}

/* -------------------------------------------------------- IPv6 */

/* Whether the interface has an address that reaches beyond the link, and is no duplicate (Linux,
 * net/ipv6/addrconf.c: address, index, prefix, scope, flags, name; in hexadecimal). */
static bool has_global_ipv6(const char *name)
{
	AUTO_FCLOSE FILE *lines = fopen("/proc/net/if_inet6", "re");
	char line[256], device[64];
	unsigned scope, flags;

	while (lines && fgets(line, sizeof(line), lines))
		if (sscanf(line, "%*s %*s %*s %x %x %63s", &scope, &flags, device) == 3 &&
			strcmp(device, name) == 0 &&
			!(scope & (IPV6_LINK_SCOPE | IPV6_HOST_SCOPE)) && !(flags & IPV6_TENTATIVE))
			return true;
	return false;
}

/* Whether a router has announced itself on the interface (net/ipv6/route.c: destination and its
 * prefix, source and its prefix, gateway, metric, uses, users, flags, name). */
static bool has_ipv6_router(const char *name)
{
	AUTO_FCLOSE FILE *lines = fopen("/proc/net/ipv6_route", "re");
	char line[256], prefix[8], device[64];
	unsigned flags;

	while (lines && fgets(line, sizeof(line), lines))
		if (sscanf(line, "%*s %7s %*s %*s %*s %*s %*s %*s %x %63s", prefix, &flags,
			    device) == 3 &&
			strcmp(device, name) == 0 && strcmp(prefix, "00") == 0 &&
			(flags & IPV6_ROUTE_UP) && !(flags & IPV6_ROUTE_REJECT))
			return true;
	return false;
}

static int check_ipv6(const char *name, struct error *err)
{
	if (!has_global_ipv6(name) || !has_ipv6_router(name))
		return error_set(err, -EAGAIN, "no IPv6 router advertised itself on %s", name);
	log_line("network: %s has an address by an IPv6 router", name);
	return 0;
}

/* -------------------------------------------------------- the whole */

/* User-defined name servers come first, then those of the lease, then those of the routers. */
static int write_resolv_conf(const struct ipconfig *fixed, const struct ipconfig *found,
	struct rdnss *rdnss, struct error *err)
{
	struct ipconfig all = *fixed;
	char text[IPCONFIG_RESOLV_BYTES];

	for (size_t i = 0; i < found->dns_count; i++)
		ipconfig_add_dns(&all, found->dns[i]);
	rdnss_read(rdnss, &all);
	memcpy(all.search, found->search, sizeof(all.search));
	ipconfig_resolv_conf(&all, text);
	return file_write(RESOLV_CONF_PATH, text, strlen(text), 0644, 0, 0, err);
}

/* Configures by DHCP. If no server answers, an IPv6 router suffices. */
static int set_by_dhcp(
	const char *name, const struct ip_setting *ip, struct ipconfig *ret, struct error *err)
{
	struct error none;
	int r = ask_dhcp(name, ip->hostname, ret, err);

	if (r == 0)
		r = set_interface(name, ret, err);
	if (r < 0 && check_ipv6(name, &none) == 0)
		return 0;
	if (r == 0)
		return 0;
	poll(NULL, 0, DHCP_PAUSE_MS);
	return -EAGAIN;
}

/* Configures one interface that has a link; -EAGAIN if a later attempt may succeed. */
static int configure(
	const struct ip_setting *ip, const char *name, struct rdnss *rdnss, struct error *err)
{
	struct ipconfig found = { 0 };
	int r;

	if (ip->method == IP_DHCP)
		r = set_by_dhcp(name, ip, &found, err);
	else if (ip->method == IP_STATIC)
		r = set_interface(name, &ip->fixed, err);
	else
		r = check_ipv6(name, err);
	if (r < 0)
		return r;
	return write_resolv_conf(&ip->fixed, &found, rdnss, err);
}

/* Tries all interfaces once; -EAGAIN with a sentence if none could be configured yet. */
static int try_interfaces(const struct ip_setting *ip, const char *interface, struct rdnss *rdnss,
	int64_t elapsed_ms, struct error *err)
{
	struct interfaces found;
	bool any_link = false;
	int r;

	find_interfaces(ip, interface, &found);
	for (size_t i = 0; i < found.count; i++)
		bring_up(found.names[i]);
	for (size_t i = 0; i < found.count; i++) {
		if (!has_link(found.names[i]))
			continue;
		any_link = true;
		r = configure(ip, found.names[i], rdnss, err);
		if (r != -EAGAIN)
			return r;
	}
	if (found.count == 0)
		return error_set(err, elapsed_ms < INTERFACE_MS ? -EAGAIN : -ENODEV,
			"the machine has no %s, or this ISO has no driver for it: attach a card of virtio",
			strcmp(interface, "auto") == 0 && !ip->device[0] ? "network card"
									 : "such network card");
	if (!any_link)
		return error_set(err, -EAGAIN, "%s has no link", found.names[0]);
	return -EAGAIN;
}

int network_start(const struct ip_setting *ip, const char *interface, struct error *err)
{
	CLEANUP(rdnss_close) struct rdnss rdnss = rdnss_open();
	int64_t start = clock_now_ms(), elapsed = 0;
	int r;

	do {
		poll(NULL, 0, elapsed ? NAP_MS : 0);
		r = try_interfaces(ip, interface, &rdnss, elapsed, err);
		if (r != -EAGAIN)
			break;
		elapsed = clock_now_ms() - start;
	} while (elapsed < DEADLINE_MS);
	if (r < 0) {
		error_wrap(err, "The network did not come up within %lld s",
			(long long)(elapsed / 1000));
		err->code = EXIT_FETCH;
	}
	return r;
}
