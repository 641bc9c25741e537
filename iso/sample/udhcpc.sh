#!/bin/sh
# SPDX-License-Identifier: MIT
# Imitates dhcpcd: udhcpc calls this with a lease in its environment.

PATH=@busybox@/bin
# shellcheck disable=SC2154 # set by udhcpc
case $1 in
deconfig)
	ip link set lo up
	ip addr flush dev "$interface"
	ip link set "$interface" up
	;;
bound | renew)
	ip addr flush dev "$interface"
	ip addr add "$ip/${mask:-24}" dev "$interface"
	for gateway in ${router:-}; do
		ip route replace default via "$gateway" dev "$interface"
		break
	done
	{
		[ -z "${domain:-}" ] || echo "search $domain"
		for server in ${dns:-}; do
			echo "nameserver $server"
		done
	} >/etc/resolv.conf
	echo "$interface: $ip"
	;;
esac
