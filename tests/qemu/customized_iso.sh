#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# customized_iso.sh — proves that an ISO to which the tool iso gave kernel arguments starts by BIOS, and is
# refused if it is cut off; that a machine whose kernel has no driver for the ISO's drive never installs without
# the embedded settings; and that an ISO with an appended closure becomes the original again (with LONG=1 also
# that another ISO beside it is refused, and that this closure is installed, by UEFI from a disk and by BIOS from
# a USB stick)
#
# usb.sh starts such an ISO by UEFI, net/netboot.sh installs from what is extracted from one.
#
# Modules: input/embedded, input/embedded_source, input/embedded_word, input/key_drive_join.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

SIGNED_BY=$(sample_key)

FASTER=mitigations=off # for an emulated processor

# with_closure IN OUT [OPTION]…
with_closure() {
	"$TOP/qemu/iso" customize --manifest "$TOP/build/guest.json" --cache "$TOP/build/cache" \
		--set "trusted-keys=$SIGNED_BY" "${@:3}" "$1" "$2"
}

makes_two_isos() {
	ssh-keygen -q -t ed25519 -N '' -C host -f ssh_host_ed25519_key
	with_closure "$ISO" small.iso --kernel-args "console=ttyS1,115200 $FASTER"
	with_closure small.iso large.iso --key key.pub --host-key ssh_host_ed25519_key \
		--kernel-args "$FASTER"
	[[ $(stat -c %a small.iso) == 644 && $(stat -c %a large.iso) == 600 ]]
	cp small.iso short.iso
	truncate -s -4096 short.iso
}

# Of the second serial port the ISO knows nothing.
starts_by_bios() {
	run_machine first 300 -drive file=short.iso,format=raw,if=none,id=iso,media=cdrom,readonly=on \
		-device virtio-scsi-pci -device scsi-cd,drive=iso,bootindex=0 -serial file:console
	expect_refusal console 2 disks 'The ISO on /dev/sr0 is cut off'
	[[ -z $(last_line first) ]]
}

# SeaBIOS has a driver for this controller, and the ISO's kernel has none. The key drive has settings and keys for an
# install without the ISO's files.
starts_without_a_driver() {
	local arguments
	truncate -s 2G target
	give_keys 'manifest = http://10.0.2.2/guest.json' "manifest-sha256 = $(sha256sum </dev/null | cut -c 1-64)" \
		'cache = http://10.0.2.2/cache' 'trusted-keys = none'
	mapfile -t arguments < <(disk target && key_drive keys)
	run_machine console 300 "${arguments[@]}" -device am53c974,id=bus \
		-drive file=large.iso,format=raw,if=none,id=iso,media=cdrom,readonly=on \
		-device scsi-cd,bus=bus.0,drive=iso,bootindex=0
	expect_refusal console 42 disks 'embedded in the ISO cannot be read: The medium .* was not found'
}

# The other ISO is found first.
starts_beside_another_iso() {
	local other
	other=$(qemu_quote "$ISO")
	run_machine console 300 -device am53c974,id=bus \
		-drive file=large.iso,format=raw,if=none,id=iso,media=cdrom,readonly=on \
		-device scsi-cd,bus=bus.0,drive=iso,bootindex=0 \
		-drive "file=$other,format=raw,if=virtio,readonly=on"
	expect_refusal console 2 disks 'the ISO that the installer found has none'
}

# installs DISK [QEMU ARGUMENT]… — from the appended closure.
installs() {
	local target
	truncate -s 2G "$1"
	mapfile -t target < <(disk "$1")
	run_machine console 400 "${target[@]}" "${@:2}"
	expect_verdict console INSTALL_SUCCESSFUL
	grep -a 'medium: the closure appended to' console
}

installs_by_uefi() {
	local firmware
	mapfile -t firmware < <(uefi_drives fresh)
	installs disk -drive file=large.iso,format=raw,if=none,id=iso,readonly=on \
		-device virtio-blk-pci,drive=iso,bootindex=0 "${firmware[@]}"
	debugfs -R 'cat /root/.ssh/authorized_keys' "disk?offset=$(root_offset disk)" | cmp - key.pub
}

installs_from_a_stick() {
	installs disk2 -device qemu-xhci -drive if=none,id=stick,file=large.iso,format=raw,readonly=on \
		-device usb-storage,drive=stick,bootindex=0
}

resets() {
	local iso
	for iso in small.iso large.iso; do
		"$TOP/qemu/iso" reset --force "$iso" original.iso
		[[ $(sha256sum <original.iso) == "$(sha256sum <"$ISO")" ]]
	done
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "things are embedded in the ISO, and in the ISO that has some" makes_two_isos
enough
run_case "kernel arguments count by BIOS, and a closure that is cut off is refused" starts_by_bios
run_case "an ISO whose drive the kernel has no driver for is named, and nothing is installed" starts_without_a_driver
run_long "another ISO than the one that the machine was started from is refused" starts_beside_another_iso
run_long "the appended closure is installed by UEFI from a disk" installs_by_uefi
run_long "the appended closure is installed by BIOS from a USB stick" installs_from_a_stick
run_case "the original ISO is there again, bit for bit" resets
