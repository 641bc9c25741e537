#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usb.sh — proves that the ISO starts from a USB stick by BIOS and by UEFI, reads itself there, and takes
# the machine's disk and not the stick
#
# Modules: init/iso_medium.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

# shellcheck disable=SC2054 # the commas are QEMU's
STICK=(-device qemu-xhci -drive "if=none,id=stick,file=$ISO,format=raw,readonly=on"
	-device usb-storage,drive=stick,bootindex=0)

installs_by_bios() {
	local arguments
	give_keys
	truncate -s 2G disk.raw
	mapfile -t arguments < <(disk disk.raw && key_drive keys)
	run_machine console 300 "${STICK[@]}" "${arguments[@]}"
	expect_verdict console INSTALL_SUCCESSFUL
	grep -a 'medium: /dev/sd' console
}

# Without a disk the reasons name the stick.
starts_by_uefi() {
	local arguments firmware
	mapfile -t arguments < <(key_drive keys)
	mapfile -t firmware < <(cd "$TOP/qemu" && python3 -B -c \
		'from host.qemu.emulator import find_firmware; print(*find_firmware(), sep="\n")')
	cp "${firmware[1]}" vars.fd
	run_machine console 300 "${STICK[@]}" "${arguments[@]}" \
		-drive "if=pflash,format=raw,readonly=on,file=${firmware[0]}" \
		-drive if=pflash,format=raw,file=vars.fd
	grep -a 'BdsDxe: starting' console
	expect_refusal console 10 target 'sda .* is the medium that the installer runs from'
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "the ISO on a USB stick installs by BIOS" installs_by_bios
run_case "the ISO on a USB stick starts by UEFI and takes no disk" starts_by_uefi
