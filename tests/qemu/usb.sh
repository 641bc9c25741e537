#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usb.sh — proves that the ISO starts from a USB stick by BIOS and by UEFI, reads itself there, and takes
# the machine's disk and not the stick; by UEFI also with a closure and keys that the tool iso embedded
#
# Modules: init/iso_medium, input/embedded_source.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

# stick ISO
stick() {
	printf '%s\n' -device qemu-xhci -drive "if=none,id=stick,file=$(qemu_quote "$1"),format=raw,readonly=on" \
		-device usb-storage,drive=stick,bootindex=0
}

# The guest of layout direct is the smallest one.
installs_by_bios() {
	local arguments
	give_keys 'manifest = file:///medium/guest-direct.json'
	truncate -s 2G disk.raw
	mapfile -t arguments < <(disk disk.raw && key_drive keys && stick "$ISO")
	run_machine console 300 "${arguments[@]}"
	expect_verdict console INSTALL_SUCCESSFUL
	grep -a 'medium: /dev/sd' console
}

embeds_a_closure() {
	ssh-keygen -q -t ed25519 -N '' -C host -f ssh_host_ed25519_key
	"$TOP/qemu/iso" customize --manifest "$TOP/build/guest.json" --cache "$TOP/build/cache" \
		--set "trusted-keys=$(sample_key)" \
		--key key.pub --host-key ssh_host_ed25519_key --kernel-args mitigations=off "$ISO" custom.iso
}

# Without a disk the reasons name the stick. The closure has been read by then.
starts_by_uefi() {
	local arguments firmware
	mapfile -t arguments < <(stick custom.iso)
	mapfile -t firmware < <(uefi_drives fresh)
	run_machine console 300 "${arguments[@]}" "${firmware[@]}"
	grep -a 'BdsDxe: starting' console
	grep -a 'medium: the closure appended to /dev/sda is /dev/loop' console
	grep -a 'keys: 1' console
	grep -a 'host keys: ssh_host_ed25519_key is given' console
	expect_refusal console 10 target 'sda .* is the medium that the installer runs from'
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "the ISO on a USB stick installs by BIOS" installs_by_bios
run_case "a closure and keys are embedded in the ISO" embeds_a_closure
run_case "this ISO on a USB stick starts by UEFI, reads the closure and takes no disk" starts_by_uefi
