#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# small.sh — proves that 256 MiB of memory are enough to install a guest and to run it, that a guest
# gets the swap that was asked for, and that too little memory is reported before the first write
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

install_small() {
	"$TOP/qemu/first-run" --disk disk.raw --size 2G --cores 1 --iso "$ISO" --key key.pub --memory 256M \
		--set swap=200M --timeout 1500
	grep -a '^INSTALL_RESULT peak-memory-kib=' disk.raw.log
}

swap_lies_behind_the_root() {
	sfdisk --json disk.raw | tee table
	jq -e '.partitiontable.partitions | length == 4 and .[2].start == 514 * 2048 and
		.[3].start == .[2].start + .[2].size and .[3].size == 200 * 2048 and
		.[3].type == "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F"' table
	[[ $(mark_of_root) == guest-installer ]]
}

mark_of_root() {
	dd if=disk.raw bs=1 skip=$((514 * MIB)) count=15 status=none
}

# The first page of a swap area is its header.
swap_is_in_use() {
	in_guest 'cat /proc/swaps' | tee swaps
	grep -E "^/dev/vda4 +partition[[:space:]]+$((200 * 1024 - 4))[[:space:]]" swaps
}

refuse_too_little() {
	local arguments
	blank_disk blank.raw 2G
	give_keys
	mapfile -t arguments < <(disk blank.raw && key_drive keys)
	run_installer console "${arguments[@]}" -m 124
	expect_refusal console 14 start 'has [0-9]+ MiB of memory left, but an install needs 32 MiB'
	expect_unchanged blank.raw
}

# GRUB reports it: the memory is too small to load the kernel.
refuse_too_little_under_uefi() {
	status=0
	"$TOP/qemu/first-run" --disk none.raw --size 2G --cores 1 --iso "$ISO" --key key.pub --memory 128M \
		--firmware uefi --timeout 600 || status=$?
	[[ $status == 14 && ! -e none.raw ]]
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "256 MiB are enough to install" install_small
enough
run_case "the swap partition lies behind the root" swap_lies_behind_the_root
start_guest disk.raw --memory 256M
run_case "256 MiB are enough to run the guest" guest_lets_in
run_case "the guest uses its swap" swap_is_in_use
press_the_power_button
run_case "it powers off" guest_ended_well
take_boot_files
run_case "a machine with 124 MiB is refused, its disk left alone" refuse_too_little
run_case "UEFI with 128 MiB says so, too" refuse_too_little_under_uefi
