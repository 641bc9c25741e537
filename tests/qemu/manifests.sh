#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# manifests.sh — proves that a guest that would not boot, or that would accept no login, is refused with
# the fix, and that its disk is not written; all sentences: tests/unit/test_plan.c
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

# refuse SENTENCE FILTER — the default guest, its manifest changed by this filter of jq.
refuse() {
	local arguments
	mkdir -p root/etc
	jq "$2" "$TOP/build/guest.json" >root/etc/other.json
	initrd=$PWD/initrd.img more=guest-installer.manifest=file:///etc/other.json
	overlay "$initrd" root
	blank_disk disk 2G
	give_keys
	mapfile -t arguments < <(disk disk && key_drive keys)
	run_installer console "${arguments[@]}"
	expect_refusal console 2 plan "$1"
	expect_unchanged disk
}

a_boot_loader_that_goes_nowhere_is_refused() {
	refuse 'GRUB has the device nodev: set the guest.s boot\.loader\.grub\.device to /dev/vda' \
		'.bootloader.device = "nodev"'
}

a_boot_loader_for_another_disk_is_refused() {
	refuse 'GRUB is written to /dev/sda, but the disk is /dev/vda: attach' \
		'.bootloader.device = "/dev/sda"'
}

a_mount_that_the_layout_has_not_is_refused() {
	refuse 'mounts /home, but the layout gpt has no partition for it: take' \
		'.mounts += [{path: "/home", fstype: "ext4", label: "home"}]'
}

a_guest_that_nobody_could_enter_is_refused() {
	refuse 'no SSH server, so nobody could enter .*: enable one .* keys = none' '.ssh.enabled = false'
}

take_boot_files
run_tests "${BASH_SOURCE[0]}"
