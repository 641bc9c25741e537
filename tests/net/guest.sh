#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# guest.sh — proves that a machine installs itself over http and https from servers on the host, by
# DHCP, by a fixed address and by IPv6, and that it says what is wrong where it cannot
#
# Exercises network, ipconfig and rdnss of the installer, read_config, input/cloud_seed, input/cloud_network.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=receiver.lib.sh
source "$TOP/tests/net/receiver.lib.sh"

CARD=(-nic "user,model=virtio-net-pci")
SYSTEM=$(readlink "$TOP/build/sample-gpt")

# The authority, and the certificate for the host as guests see it.
make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
		-subj /CN=authority -keyout authority.key -out ca.pem
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
		-subj /CN=server -addext subjectAltName=IP:10.0.2.2 -CA ca.pem -CAkey authority.key \
		-addext basicConstraints=critical,CA:false -keyout server.key -out server.pem
}

# What is served: the cache with the guest's manifest in it.
make_folder() {
	mkdir served
	cp -r --reflink=auto "$TOP/build/cache/." served/
	cp "$TOP/build/guest.json" served/guest.json
}

# serve OUT [OPTION]… — serves the folder; leaves the URL as a guest sees it in `url`, the port, and who serves.
serve() {
	start_server "$1" "$TOP/qemu/serve-cache" "${@:2}" served
	url=$(sed -nE 's;^url=(https?://)127.0.0.1;\110.0.2.2;p' "$1")
	served_by=$SERVER served_port=${url##*:}
}

# prepare [SETTING]… — a blank disk and a key drive with these settings and the manifest's hash.
prepare() {
	blank_disk disk 2G
	rm -rf keys
	give_keys "manifest-sha256 = $(sha256sum <served/guest.json | cut -c 1-64)" "$@"
	mapfile -t disk < <(disk disk && key_drive keys)
}

# store_is_that_of_the_source IMAGE SYSTEM — the store on the disk holds what the store of the build holds.
store_is_that_of_the_source() {
	local path status=0
	mkdir -p root
	mount -o "ro,loop,noload,offset=$(root_offset "$1")" "$1" root
	for path in $(nix-store -qR "$2"); do
		[[ $(nix-store --dump "root$path" | sha256sum) == $(nix-store --dump "$path" | sha256sum) ]] ||
			{ echo "$path differs" && status=1; }
	done
	umount root
	return "$status"
}

# The server goes away while the store is copied, and comes back on its port.
interrupt_server() {
	wait_until 200 grep -aqsE '^INSTALL_PROGRESS copy ' console
	kill -KILL "$served_by"
	wait_until 60 grep -aqs '; again in [0-9]* ms' console
	serve https2 --port "$served_port" --certificate server.pem --certificate-key server.key
}

installs_over_https() {
	serve https --certificate server.pem --certificate-key server.key
	start_receiver got
	prepare "cache = $url" "manifest = $url/guest.json" "report-url = http://10.0.2.2:$port/" \
		'report-token = geheim'
	cp ca.pem keys/ca.crt
	(run_installer console "${disk[@]}" "${CARD[@]}" -m 256 && exit "$status") &
	installing=$!
	interrupt_server
	status=0
	wait "$installing" || status=$?
	expect_verdict console INSTALL_SUCCESSFUL
	expect_successes console 1
	[[ $(mark_state disk) == 2 ]]
	e2fsck -fn "disk?offset=$(root_offset disk)"
	grep -a '^INSTALL_RESULT peak-memory-kib' console
}

success_is_reported() {
	grep -ax $'INSTALL_RESULT report=sent\r\{0,1\}' console
	jq -e --arg system "$SYSTEM" '.protocol == 1 and .event == "successful" and .code == 0 and
		any(.results[]; .key == "system" and .value == $system)' <(tail -n 1 got/body)
	"$TOP/tests/valid-events" --report got/body
	[[ $(jq -r .event got/body | uniq | xargs) == 'started progress successful' ]]
	jq -es 'map(.percent // empty) | . == sort and last == 100' got/body
	[[ $(tr -d '\r' <got/requests | grep -ixc 'authorization: bearer geheim') == $(wc -l <got/body) ]]
}

# The log in the guest has every line up to the moment when the disk is unmounted to be read back. The kernel's
# lines have more digits.
the_log_is_kept_for_root_alone() {
	local at
	at="disk?offset=$(root_offset disk)"
	debugfs -R 'stat /var/log/guest-installer.log' "$at" 2>messages | grep -E 'Mode: +0600 .*' | tee mode
	debugfs -R 'stat /var/log/guest-installer.log' "$at" 2>messages | grep -E 'User: +0 +Group: +0 '
	debugfs -R 'cat /var/log/guest-installer.log' "$at" 2>messages >log
	tr -d '\r' <console | sed '/^INSTALL_PROGRESS verify/,$d' | grep -aE '^\[ *[0-9]+\.[0-9]{3}\] ' >shown
	grep -a 'memory: .* KiB available' shown
	diff shown log
	if grep -aF geheim log console; then return 1; fi
}

# The guest of layout direct is the smallest one.
one_command_installs_from_the_hosts_store() {
	nix-instantiate --eval --strict --json "$TOP/iso/sample/layouts.nix" -A direct >facts.json
	"$TOP/qemu/first-run" --disk disk2.raw --size 2G --cores 1 --iso "$ISO" --key key.pub --direct \
		--system "$TOP/build/sample-direct" --manifest facts.json --quiet
	[[ -z $(find . -name '.disk2.raw.*') ]]
	grep -a '^INSTALL_RESULT' disk2.raw.log
	store_is_that_of_the_source disk2.raw "$(readlink "$TOP/build/sample-direct")"
}

# The address is fixed by the kernel's own word; that the report arrives shows that it works. The card is VMware's.
a_server_that_is_not_there_is_42() {
	start_receiver got2
	prepare 'cache = http://10.0.2.2:9' "manifest = file:///medium/guest.json" \
		'fetch-attempts = 2' "report-url = http://10.0.2.2:$port/"
	more='ip=10.0.2.77::10.0.2.2:255.255.255.0:guest:eth0:none:10.0.2.3' \
		run_installer console "${disk[@]}" -nic user,model=vmxnet3
	expect_refusal console 42 closure 'http://10\.0\.2\.2:9/'
	grep -a 'network: eth0 has 10.0.2.77/24' console
	expect_unchanged disk
	jq -e '.event == "failed" and .code == 42 and .stage == "closure"' <(tail -n 1 got2/body)
}

# By MAC the second card, where there is IPv6 alone. The host's server is not asked: it has none.
ipv6_alone_is_enough() {
	prepare 'cache = http://[fec0::2]:9' "manifest = file:///medium/guest.json" \
		'fetch-attempts = 1' 'ip = off' 'interface = 52:54:00:00:00:07'
	run_installer console "${disk[@]}" -nic user,model=e1000,ipv6=off \
		-nic user,model=e1000e,ipv4=off,ipv6=on,mac=52:54:00:00:00:07
	expect_refusal console 42 closure 'http://\[fec0::2\]:9/'
	grep -a 'network: eth1 has an address by an IPv6 router' console
	expect_unchanged disk
}

a_machine_without_a_card_is_42() {
	prepare 'cache = http://10.0.2.2:9' "manifest = file:///medium/guest.json"
	run_installer console "${disk[@]}"
	expect_refusal console 42 network 'no network card.*attach a card'
	expect_unchanged disk
}

# seed LINE… — the folder `seed` with meta-data, and with user-data that has these lines, the key, and a layout that
# the served guest does not have: its refusal shows that the guest's manifest was fetched.
seed() {
	rm -rf seed
	mkdir seed
	echo 'instance-id: one' >seed/meta-data
	printf '%s\n' '#cloud-config' "ssh_authorized_keys: ['$(cat key.pub)']" 'guest-installer:' \
		'  layout: bios' "  manifest-sha256: $(sha256sum <served/guest.json | cut -c 1-64)" "$@" >seed/user-data
	blank_disk disk 2G
	mapfile -t disk < <(disk disk)
}

expect_fetched_guest() {
	expect_refusal console 2 target 'layout = bios, but the guest is built for the layout gpt'
	grep -a 'keys: 1' console
	expect_unchanged disk
}

# Of two cards the one with this MAC. By DHCP the address would be 10.0.2.15.
the_network_config_of_a_cidata_drive_leads_to_a_cache() {
	seed "  cache: $url" "  manifest: $url/guest.json"
	printf '%s\n' 'version: 2' 'ethernets:' '  lan:' '    match: {macaddress: "52:54:00:00:00:09"}' \
		'    addresses: [10.0.2.88/24]' '    routes: [{to: default, via: 10.0.2.2}]' >seed/network-config
	xorriso -as mkisofs -quiet -V cidata -J -r -o seed.iso seed 2>messages
	run_installer console "${disk[@]}" -nic user,model=e1000,restrict=on \
		-nic user,model=virtio-net-pci,mac=52:54:00:00:00:09 \
		-drive file=seed.iso,format=raw,media=cdrom,readonly=on
	expect_fetched_guest
	grep -a 'network: eth[01] has 10.0.2.88/24' console
}

# serve-cache serves any file below nar.
the_files_of_a_nocloud_url_are_used() {
	seed "  cache: $url" "  manifest: $url/guest.json"
	mv seed served/nar/seed
	run_installer console "${disk[@]}" "${CARD[@]}" -smbios "type=1,serial=ds=nocloud;s=$url/nar/seed/"
	expect_fetched_guest
	grep -aF "cidata: meta-data and user-data of $url/nar/seed/" console
	[[ $(grep -ac '^INSTALL_PROGRESS network' console) == 1 ]]
}

a_nocloud_url_without_files_is_42() {
	seed
	more="ds=nocloud;s=$1/nar/none" run_installer console "${disk[@]}" "${CARD[@]}"
	expect_refusal console 42 network 'ds=nocloud on the kernel command line.*/nar/none/meta-data'
	expect_unchanged disk
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "a certificate is made" make_certificate
run_case "a folder is made" make_folder
take_boot_files
run_case "256 MiB install over https, while the server goes away and comes back" installs_over_https
enough
run_case "the store is that of the source" store_is_that_of_the_source disk "$SYSTEM"
run_case "start, stages and success are reported with the token" success_is_reported
run_case "the log in the guest is whole, is root's alone, and has no token" the_log_is_kept_for_root_alone
run_case "one command installs from the host's store over http" one_command_installs_from_the_hosts_store
run_case "a server that is not there ends with 42, by a fixed address" a_server_that_is_not_there_is_42
run_case "IPv6 alone is enough" ipv6_alone_is_enough
run_case "a machine without a card ends with 42" a_machine_without_a_card_is_42
serve http
run_case "the network-config of a cidata drive leads to a cache" the_network_config_of_a_cidata_drive_leads_to_a_cache
run_case "the files of ds=nocloud;s=URL are configuration and keys" the_files_of_a_nocloud_url_are_used
run_case "a URL of ds=nocloud without the files ends with 42" a_nocloud_url_without_files_is_42 "$url"
