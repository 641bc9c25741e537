#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# memory.sh — proves that an install over the network takes as much memory for 430 MiB in 53,000 files
# as for the sample guest, in a machine of 256 MiB
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../net/receiver.lib.sh
source "$TOP/tests/net/receiver.lib.sh"

# serve CACHE MANIFEST — a folder with both; leaves the settings for it in `settings`.
serve() {
	local url
	rm -rf served
	mkdir served
	cp -r --reflink=auto "$1/." served/
	cp "$2" served/guest.json
	start_server url "$TOP/qemu/serve-cache" served
	url=$(sed -n 's,^url=http://127.0.0.1,http://10.0.2.2,p' url)
	settings=("cache = $url" "manifest = $url/guest.json"
		"manifest-sha256 = $(sha256sum <"$2" | cut -c 1-64)")
}

# install CONSOLE — onto a blank disk, in 256 MiB.
install() {
	blank_disk disk 4G
	rm -rf keys
	give_keys "${settings[@]}"
	mapfile -t disk < <(disk disk && key_drive keys)
	seconds=1800 run_installer "$1" "${disk[@]}" -nic user,model=virtio-net-pci -m 256
}

install_the_sample() {
	serve "$TOP/build/cache" "$TOP/build/guest-bios.json"
	install sample
	expect_verdict sample INSTALL_SUCCESSFUL
}

# The closure is no bootable guest: it is copied and registered, and the activation fails.
install_the_large_one() {
	local bench nar_bytes
	bench=$("$TOP/tests/bench/closure")
	nar_bytes=$(cat "$bench"/cache/*.narinfo | awk '/^NarSize:/ { sum += $2 } END { print sum }')
	((nar_bytes > 400 * 1000 * 1000))
	jq --arg system "$(cat "$bench/system")" --argjson nar_bytes "$nar_bytes" \
		'.system = $system | .nar_bytes = $nar_bytes | .files = 60000' \
		"$TOP/build/guest-bios.json" >large.json
	serve "$bench/cache" large.json
	settings+=("trusted-keys = $(cat "$bench/key")")
	install large
	expect_verdict large 'INSTALL_FAILED code=50 stage=activation .*'
}

peak() {
	sed -nE 's/^INSTALL_RESULT peak-memory-kib=([0-9]+).*/\1/p' "$1"
}

memory_is_flat() {
	echo "sample: $(peak sample) KiB, large: $(peak large) KiB"
	(($(peak large) < $(peak sample) * 5 / 4))
	(($(peak large) < 64 * 1024))
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "the sample guest is installed" install_the_sample
enough
run_case "a closure of 430 MiB is copied" install_the_large_one
run_case "both take the same memory" memory_is_flat
