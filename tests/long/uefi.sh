#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# uefi.sh — proves that a guest that was installed under UEFI boots by UEFI, though the firmware has
# forgotten all about the install, and by BIOS
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

install_under_uefi() {
	"$TOP/qemu/first-run" --disk disk.raw --size 2G --iso "$ISO" --key key.pub --firmware uefi \
		--timeout 1500
	grep -a 'BdsDxe: starting' disk.raw.log
	status=0 && : >disk.raw.log.messages
	expect_verdict disk.raw.log INSTALL_SUCCESSFUL
}

was_booted_by_uefi() {
	in_guest 'test -d /sys/firmware/efi'
	was_booted_by_grub gpt /dev/vda3
}

was_booted_by_bios() {
	in_guest 'test ! -e /sys/firmware/efi'
	was_booted_by_grub gpt /dev/vda3
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "the default guest is installed under UEFI" install_under_uefi
enough
run_case "the EFI system partition has BOOTX64.EFI, and no other loader" only_the_removable_path_is_there
start_guest disk.raw --firmware uefi
run_case "it boots by UEFI with fresh variables" guest_lets_in
run_case "UEFI's GRUB booted it" was_booted_by_uefi
press_the_power_button
run_case "it powers off under UEFI" guest_ended_well
start_guest disk.raw
run_case "the same disk boots by BIOS" guest_lets_in
run_case "BIOS's GRUB booted it" was_booted_by_bios
press_the_power_button
run_case "it powers off under BIOS" guest_ended_well
