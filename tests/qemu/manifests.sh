#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# manifests.sh — proves that a guest that would not boot, or that would accept no login, is refused with
# the fix, and that its disk is not written; and that partitions get the names by which a guest finds
# them. All sentences: tests/unit/test_plan.c
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

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

# refuse SENTENCE FILTER
refuse() {
	attempt "$2"
	expect_refusal console 2 plan "$1"
	expect_unchanged disk
}

a_boot_loader_that_goes_nowhere_is_refused() {
	refuse 'GRUB has the device nodev: set the guest.s boot\.loader\.grub\.device to /dev/vda' \
		'.bootloader.device = "nodev"'
}

a_boot_loader_that_goes_to_no_whole_disk_is_refused() {
	refuse 'GRUB is written to /dev/disk/by-id/x, but the disk is /dev/vda: set' \
		'.bootloader.device = "/dev/disk/by-id/x"'
}

a_mount_that_the_layout_has_not_is_refused() {
	refuse 'mounts /home, but the layout gpt has no partition for it: take' \
		'.mounts += [{path: "/home", fstype: "ext4", label: "home"}]'
}

a_guest_that_nobody_could_enter_is_refused() {
	refuse 'no SSH server, so no one could log in .*: enable one .* keys = none' '.ssh.enabled = false'
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

take_boot_files
run_tests "${BASH_SOURCE[0]}"
