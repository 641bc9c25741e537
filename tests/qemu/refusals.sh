#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# refusals.sh — proves that a machine with no unambiguous target is refused with code and reason, and
# that nothing is written to its disks
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

# refuse CODE STAGE PATTERN [DISK OPTION]… — boots with the folder `keys` and the disks (each FILE
# or FILE,OPTIONS), and expects the refusal and the disks as they were.
refuse() {
	local code=$1 stage=$2 pattern=$3 arguments=() name file
	local -A sums=()
	shift 3
	for name; do
		file=${name%%,*}
		sums[$file]=$(fingerprint "$file")
		mapfile -t -O "${#arguments[@]}" arguments < <(disk "$file" "${name:${#file}+1}")
	done
	[[ ! -d keys ]] || mapfile -t -O "${#arguments[@]}" arguments < <(key_drive keys)
	run_installer console "${arguments[@]}"
	expect_refusal console "$code" "$stage" "$pattern"
	for file in "${!sums[@]}"; do
		before=${sums[$file]}
		expect_unchanged "$file"
	done
}

a_disk_with_a_file_system_is_kept() {
	blank_disk disk "$SIZE"
	mkfs.ext4 -q -L precious disk
	give_keys
	refuse 12 target 'vda .*holds an ext4 file system labelled precious' disk
}

two_blank_disks_are_one_too_many() {
	blank_disk one "$SIZE"
	blank_disk two "$SIZE"
	give_keys
	refuse 11 target 'vda .*is blank \[disk=[^;]*; vdb .*is blank' one two
}

no_key_drive_is_no_guest() {
	blank_disk disk "$SIZE"
	refuse 20 keys 'No SSH key was found' disk
}

a_private_key_is_refused_by_its_files_name() {
	blank_disk disk "$SIZE"
	give_keys
	cp key keys/innocent.pub
	refuse 20 keys 'innocent\.pub.*private key' disk
}

an_unknown_setting_is_told_with_its_file() {
	blank_disk disk "$SIZE"
	give_keys 'colour = red'
	refuse 2 configuration 'guest-installer\.conf on the key drive:1: .*"colour"' disk
}

a_cache_signed_by_another_is_refused() {
	blank_disk disk "$SIZE"
	nix-store --generate-binary-cache-key guest-installer-sample-1 secret public
	give_keys "trusted-keys = $(cat public)"
	refuse 41 closure '/nix/store/.*sign' disk
}

a_machine_without_a_disk_is_refused() {
	give_keys
	refuse 10 target 'vda .*is the key drive'
}

a_read_only_disk_is_refused() {
	blank_disk disk "$SIZE"
	give_keys
	refuse 10 target 'vda .*is read-only' disk,readonly=on
}

a_small_disk_is_refused() {
	blank_disk disk 1G
	give_keys
	refuse 14 target 'vda .*is too small' disk
}

a_layout_that_the_guest_is_not_built_for_is_refused() {
	blank_disk disk "$SIZE"
	give_keys 'layout = bios'
	refuse 2 target 'layout = bios, but the guest is built for the layout gpt' disk
}

SIZE=1600M
take_boot_files
run_tests "${BASH_SOURCE[0]}"
