#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# aarch64.sh — proves that an ordinary user makes an image of a guest of 64-bit ARM on x86-64, by no other programs
# than mkfs.fat and mtools, and that UEFI starts it from the disk alone and its first boot lets its owner in
#
# Modules: base/architecture, image/image_esp, image/image_guest, image/image_verify.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
BUILT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/aarch64
# shellcheck source=image.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/image.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

SYSTEM=$(readlink "$BUILT/sample-systemd-boot")

an_ordinary_user_makes_one() {
	local options
	mapfile -t options < <(image_options systemd-boot)
	as_nobody strace -f -qq -e trace=execve -o out/calls "$GUEST_INSTALLER" image "${options[@]}" \
		--size 2G --seed "$SEED" out/disk.raw >said 2>&1 || { cat said && return 1; }
	[[ $(tail -n 1 said) == INSTALL_SUCCESSFUL ]]
	nothing_is_left
	sed -n 's/^[0-9]* *execve("\([^"]*\)".* = 0$/\1/p' out/calls | sort -u | tee started
	if grep -F /nix/store/ started; then return 1; fi
}

the_esp_is_for_its_architecture() {
	mdir -b -/ -i out/disk.raw@@2M ::/ | tr -d '\r' | tee files
	grep -Fx ::/EFI/BOOT/BOOTAA64.EFI files
	grep -Fx ::/EFI/systemd/systemd-bootaa64.efi files
	if grep -i x64 files; then return 1; fi
	disk_is_clean out/disk.raw
	esp_is_clean out/disk.raw
}

it_was_started_and_activated() {
	[[ $(in_guest uname -m) == aarch64 ]]
	in_guest cat /proc/cmdline | grep -F "init=$SYSTEM/init "
	in_guest 'readlink /run/current-system
		readlink /nix/var/nix/profiles/system
		findmnt -no SOURCE,FSTYPE /boot
		ls /etc/passwd /etc/ssh/ssh_host_ed25519_key' | diff - <(printf '%s\n' "$SYSTEM" \
		system-1-link '/dev/vda1 vfat' /etc/passwd /etc/ssh/ssh_host_ed25519_key)
}

ESP_NUMBER=1
prepare_images
manifest_of systemd-boot guest.json
run_case 'an ordinary user makes an image, by programs of the host alone' an_ordinary_user_makes_one
run_case 'the store is whole' image_store_is_whole out/disk.raw "$(root_offset out/disk.raw)" systemd-boot
run_case 'its EFI system partition is for its architecture' the_esp_is_for_its_architecture
cp --sparse=always out/disk.raw disk.raw
start_guest disk.raw
run_case 'it boots by UEFI from the disk alone and lets its owner in' guest_lets_in
run_case 'systemd-boot started it, and its first boot activated it' it_was_started_and_activated
press_the_power_button
run_case 'the power button ended it' guest_ended_well
