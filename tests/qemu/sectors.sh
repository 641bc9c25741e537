#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sectors.sh — proves that a disk with sectors of 4 KiB is refused where a BIOS would have to boot it. With LONG=1
# also if the guest is one for BIOS; and that the default guest is installed on such a disk and boots by UEFI,
# though the firmware has forgotten all about the install, as grub_uefi.sh proves of another guest.
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
		--timeout 1500
	grep -a 'BdsDxe: starting' disk.raw.log
}

was_booted_from_it() {
	runs_from_such_a_disk
	was_booted_by_grub gpt /dev/vda3
}

# refuse_under_bios [SETTING]… — and leave the disk as it is.
refuse_under_bios() {
	local arguments
	rm -rf keys
	give_keys "$@"
	blank_disk blank.raw 2G
	mapfile -t arguments < <(key_drive keys)
	run_installer console "${arguments[@]}" -device virtio-blk-pci,drive=root \
		-drive "if=none,id=root,format=raw,file=blank.raw$(past_the_page_cache)"
	expect_refusal console 2 '(target|plan)' 'vda has sectors of 4096 bytes, from which a BIOS does not boot'
	expect_unchanged blank.raw
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
make_qemu
take_boot_files
run_case "a machine that was started by BIOS is refused" refuse_under_bios
the_rest_is_long
run_long "so is the guest for BIOS" refuse_under_bios 'manifest = file:///medium/guest-bios.json'
run_long "the default guest is installed under UEFI" install_under_uefi
enough
run_long "table and FAT count in 4 KiB" partitions_count_in_4_kib
run_long "the EFI system partition has BOOTX64.EFI, and no other loader" only_the_removable_path_is_there
start_guest disk.raw --firmware uefi
run_long "it boots by UEFI with fresh variables and lets its owner in" guest_lets_in
run_long "the disk that it runs from has sectors of 4 KiB" was_booted_from_it
press_the_power_button
run_long "it powers off" guest_ended_well
