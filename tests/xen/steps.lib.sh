# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/xen/steps.lib.sh — what the scripts in dom0 share; they source it as /share/steps.lib.sh
#
# A step is one thing to prove. Its output goes to /share/steps/NAME, its status to NAME.status and its
# duration to NAME.seconds, where the test on the host reads them. Deadlines here are long, because a busy
# machine is slow: the test on the host has a deadline that follows the processor time of the machine.

mkdir -p /share/steps /tmp/guests
mount -t ext4 /dev/vdb /tmp/guests
bridge=xenbr0

# The seconds since power-on, by the clock of the emulated machine.
uptime_seconds() {
	cut -d ' ' -f 1 /proc/uptime
}

# step NAME COMMAND [ARGUMENT]… — runs the command (mostly a function) in a subshell.
step() {
	local name=$1 began status=0
	shift
	began=$(uptime_seconds)
	echo "$began: $name"
	set +e
	(
		set -e
		"$@"
	) >"/share/steps/$name" 2>&1
	status=$?
	echo "$began $(uptime_seconds)" | awk '{ printf "%.1f\n", $2 - $1 }' >"/share/steps/$name.seconds"
	echo "$status" >"/share/steps/$name.status"
}

# retry SECONDS COMMAND… — until it succeeds; fails when the seconds have passed.
retry() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		sleep 1
	done
}

# A bridge with addresses for guests, as a host with Xen has one.
network_up() {
	ip link add "$bridge" type bridge
	ip addr add 10.0.0.1/24 dev "$bridge"
	ip link set "$bridge" up
	dnsmasq --interface="$bridge" --bind-interfaces --port=0 --user=root \
		--dhcp-range=10.0.0.2,10.0.0.99 --dhcp-leasefile=/tmp/leases
	install -m 600 /share/key /tmp/key
}

# log_in ADDRESS KNOWN_HOSTS COMMAND… — by SSH, with the guest's key and only its key.
log_in() {
	local address=$1 known_hosts=$2
	shift 2
	timeout 600 ssh -n -i /tmp/key -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes \
		-o StrictHostKeyChecking=yes -o "UserKnownHostsFile=$known_hosts" -o ConnectTimeout=60 \
		"root@$address" "$@"
}

# Sets `address` to the address that our DHCP server gave to the card. It is called often, so it starts
# no program, which would take the only processor from the guest.
find_address() {
	local mac=$1 line
	while read -r -a line; do
		[[ ${line[1]} != "$mac" ]] || address=${line[2]}
	done </tmp/leases
	[[ $address ]]
}

# A domain that has ended never accepts a login.
try_login() {
	log_in "$address" "$1" true && return
	xl domid "$2" >/dev/null || exit 1
	return 1
}

# create_domain FILE — libxl gives a hotplug script 40 seconds, by a clock that does not stand still while
# the emulated machine waits for a processor. What failed by that is tried again.
create_domain() {
	local try status
	for try in 1 2 3; do
		status=0
		timeout 1200 xl create "$1" 2>/tmp/create.err || status=$?
		cat /tmp/create.err
		((status)) || return 0
		grep -q 'because of timeout' /tmp/create.err || break
		echo "try $try ended by a deadline of libxl"
		sleep 5
	done
	return "$status"
}

# boot_guest DOMAIN FILE KNOWN_HOSTS — creates the domain, logs in, looks, shuts it down.
boot_guest() {
	local domain=$1 file=$2 known_hosts=$3 mac address=
	create_domain "$file"
	mac=$(xl network-list "$domain" | awk 'NR == 2 { print $3 }')
	retry 1200 find_address "$mac"
	retry 1200 try_login "$known_hosts" "$domain"
	log_in "$address" "$known_hosts" \
		'cat /sys/hypervisor/guest_type; cat /proc/cmdline; readlink /run/booted-system; cat /proc/mounts'
	timeout 600 xl shutdown -w "$domain"
	retry 60 gone "$domain"
}

# Its own `xl create` takes the domain away after it has powered off.
gone() {
	! xl domid "$1" >/dev/null 2>&1
}
