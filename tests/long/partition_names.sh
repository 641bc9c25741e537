#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# partition_names.sh — proves that partitions get the names by which a guest finds them
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

# attempt FILTER [SETTING]… — the default guest, its manifest changed by this filter of jq.
attempt() {
	local arguments
	mkdir -p root/etc
	jq "$1" "$TOP/build/guest.json" >root/etc/other.json
	initrd=$PWD/initrd.img more=guest-installer.manifest=file:///etc/other.json
	overlay "$initrd" root
	blank_disk disk 2G
	give_keys "${@:2}"
	mapfile -t arguments < <(disk disk && key_drive keys)
	run_installer console "${arguments[@]}"
}

partitions_have_the_names_by_which_the_guest_finds_them() {
	local start uuid=0a1b2c3d-0000-4000-8000-00000000000
	attempt '.mounts |= map(if .path == "/" then .partlabel = "disk-main-root"
			else .partuuid = "'"$uuid"'1" end) |
		.swap = {partlabel: "disk-main-swap", uuid: "'"$uuid"'2"}' 'swap = 64M'
	expect_verdict console INSTALL_SUCCESSFUL
	sfdisk --json disk | tee table
	[[ $(jq -r '.partitiontable.partitions[].name' table | xargs) == 'bios_boot ESP disk-main-root disk-main-swap' ]]
	jq -e --arg uuid "${uuid^^}1" '.partitiontable.partitions[1].uuid == $uuid' table
	start=$(jq '.partitiontable.partitions[3].start' table)
	[[ $(blkid -p -O "$((start * 512))" -o value -s UUID disk) == "${uuid}2" ]]
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "partitions have the names by which the guest finds them" partitions_have_the_names_by_which_the_guest_finds_them
