#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# grub_uefi.sh — proves that a guest whose GRUB serves UEFI alone is installed by UEFI from the ISO on a disk with
# sectors of 4 KiB, boots, though the firmware has forgotten all about the install, and lets its owner in; that no
# BIOS finds a program on its disk; and that the command verify accepts it, and refuses it with a damaged menu or
# with code in its first sector
#
# Modules: verify/boot_loader, verify/installed_disk.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"
# shellcheck source=sectors.lib.sh
source "$TOP/tests/qemu/sectors.lib.sh"

install_under_uefi() {
	"$TOP/qemu/first-run" --disk disk.raw --size 2G --cores 1 --iso "$ISO" --key key.pub --firmware uefi \
		--set manifest=file:///medium/guest-grub-uefi.json --timeout 1500
	grep -a 'BdsDxe: starting' disk.raw.log
}

# The NixOS manual writes the label in lower case.
the_disk_is_for_uefi_alone() {
	cmp -n 440 disk.raw /dev/zero
	[[ $(blkid -p -O 2097152 -o value -s LABEL disk.raw) == boot ]]
	mdir -b -/ -i disk.raw@@2M ::/ | tr -d '\r' | tee files
	[[ $(grep '^::/EFI/.*[^/]$' files) == ::/EFI/BOOT/BOOTX64.EFI ]]
	grep -F ::/grub/x86_64-efi/ files
	if grep -F i386-pc files; then return 1; fi
}

was_booted_by_uefi() {
	runs_from_such_a_disk
	was_booted_by_grub grub-uefi /dev/vda3
}

the_command_verify_accepts_it() {
	verified 0 "^system: $(readlink "$TOP/build/sample-grub-uefi")$" true
	grep -Fx 'layout: gpt' said
}

what_does_not_start_is_refused() {
	verified 41 'grub.cfg' 'rm grub/grub.cfg'
	verified 41 'has no file /boot/EFI/BOOT/BOOTX64.EFI' 'rm EFI/BOOT/BOOTX64.EFI'
	in_guest 'printf x | dd of=/dev/vdb conv=notrunc'
	verified 41 'i386-pc' true
}

# By this host, whose kernel gives a loop device such sectors.
the_mark_is_found() {
	local code=0
	before=$(fingerprint disk.raw)
	loop=$(losetup --find --show --sector-size 4096 disk.raw)
	"$TOP/build/guest-installer" install --disk "$loop" --cache "$TOP/build/cache" \
		--manifest "$TOP/build/guest.json" --set "trusted-keys=$(sample_key)" --key key.pub >said 2>&1 || code=$?
	losetup --detach "$loop"
	cat said
	((code == 13)) && last_line said | grep -E 'stage=target .*already installed'
	expect_unchanged disk.raw
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
make_qemu
run_case "the guest is installed under UEFI" install_under_uefi
enough
run_case "table and FAT count in 4 KiB" partitions_count_in_4_kib
run_case "its disk is for UEFI alone, with the label that the guest wants, and has no other loader" the_disk_is_for_uefi_alone
run_case "a copy is made for the guest" copy_for_the_guest disk.raw
start_guest disk.raw --firmware uefi --disk copy.raw
run_case "it boots by UEFI with fresh variables and lets its owner in" guest_lets_in
enough
run_case "GRUB booted it from a disk with sectors of 4 KiB" was_booted_by_uefi
run_case "the guest takes the copy and the installer" the_guest_takes_the_copy
run_case "the command verify accepts a copy of the disk" the_command_verify_accepts_it
run_case "what does not start is refused with its reason" what_does_not_start_is_refused
press_the_power_button
run_case "the power button ended it" guest_ended_well
run_case "the mark of the install is found in its place" the_mark_is_found
