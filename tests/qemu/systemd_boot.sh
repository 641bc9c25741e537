#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# systemd_boot.sh — proves that a guest with systemd-boot is installed, boots by UEFI and lets its owner
# in; that the command verify accepts it, and refuses it once its EFI system partition is damaged as no
# firmware or systemd-boot would start it. With LONG=1 also that an install that leaves an empty EFI system
# partition ends with 41, and that a machine with a BIOS refuses the guest.
#
# Modules: verify/systemd_boot, verify/loader_entries.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # the guest expands; the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"
# shellcheck source=../changed_cache.lib.sh
source "$TOP/tests/changed_cache.lib.sh"

MANIFEST=manifest=file:///medium/guest-systemd-boot.json

install_under_uefi() {
	"$TOP/qemu/first-run" --disk disk.raw --size 2G --cores 1 --iso "$ISO" --key key.pub --firmware uefi \
		--direct --set "$MANIFEST" --timeout 1500
}

the_esp_has_what_it_needs() {
	mdir -b -/ -i disk.raw@@2M ::/ | tr -d '\r' | grep -v '/$' | tee files
	grep -Fx ::/EFI/BOOT/BOOTX64.EFI files
	grep -Fx ::/loader/entries/nixos-generation-1.conf files
	[[ $(grep -c '^::/EFI/nixos/' files) == 2 ]]
}

the_command_verify_accepts_it() {
	verified 0 "^system: $(readlink "$TOP/build/sample-systemd-boot")$" true
	verified 0 '^layout: gpt$' 'mv loader/entries/nixos-generation-1.conf loader/entries/nixos-generation-1+3.conf'
}

what_does_not_start_is_refused() {
	local entry=loader/entries/nixos-generation-1.conf
	verified 41 'has no file /boot/EFI/BOOT/BOOTX64.EFI, so UEFI cannot start it' 'rm -r ./*'
	verified 41 '/boot/EFI/BOOT/BOOTX64.EFI is not an EFI program' 'echo other >EFI/BOOT/BOOTX64.EFI'
	verified 41 'no boot entry with a kernel' 'rm EFI/nixos/*bzImage.efi'
	verified 41 'initrd' 'for file in EFI/nixos/*initrd.efi; do : >"$file"; done'
	verified 41 'nixos-generation-2.conf does not start the system' \
		"sed 's,init=[^ ]*,init=/nix/store/other/init,' $entry >loader/entries/nixos-generation-2.conf &&
			sed -i 's/^default .*/default nixos-generation-2.conf/' loader/loader.conf"
	verified 41 'last init=' "sed -i 's,^options.*,& init=/bin/false,' $entry"
	verified 41 'waits for ever' 'sed -i "s/^timeout.*/timeout menu-force/" loader/loader.conf'
}

was_booted_by_systemd_boot() {
	local line
	in_guest 'test -d /sys/firmware/efi'
	line=$(in_guest cat /proc/cmdline)
	echo "$line"
	[[ $line != BOOT_IMAGE=* && $line == *"init=$(readlink "$TOP/build/sample-systemd-boot")/init "* ]]
	[[ $(in_guest 'findmnt -no SOURCE,FSTYPE /') == '/dev/vda3 ext4' ]]
}

# What nixos-rebuild does in the guest: a second generation, then the boot loader is told.
the_guest_writes_its_next_entry() {
	local system
	system=$(readlink "$TOP/build/sample-systemd-boot")
	in_guest "ln -s $system /nix/var/nix/profiles/system-2-link &&
		ln -sfn system-2-link /nix/var/nix/profiles/system && $system/bin/switch-to-configuration boot"
	in_guest cat /boot/loader/loader.conf | grep -Fx 'default nixos-generation-2.conf'
}

empty_the_esp_at_the_end() {
	sed -i '/^\[\[ $action != boot/i rm -r /boot/*' bin/switch-to-configuration
	grep -B 1 '^.. $action != boot' bin/switch-to-configuration | grep -F 'rm -r /boot/'
}

# The installer asks the disk, not the guest's program, whether the boot loader is there.
an_emptied_esp_is_no_success() {
	local code=0
	change "$(readlink "$TOP/build/sample-systemd-boot")" empty_the_esp_at_the_end
	xorriso -indev "$ISO" -outdev changed.iso -boot_image any replay -map "cache/$changed" "/cache/$changed" \
		-map cache/changed /cache/changed 2>xorriso.said || { cat xorriso.said && return 1; }
	"$TOP/qemu/first-run" --disk emptied.raw --size 2G --cores 1 --iso changed.iso --key key.pub \
		--firmware uefi --direct --set "$MANIFEST" >said 2>&1 || code=$?
	cat said
	[[ $code == 41 && ! -e emptied.raw ]]
	grep -E 'has no file /boot/EFI/BOOT/BOOTX64.EFI, so UEFI cannot start it' said
}

a_bios_machine_refuses_it() {
	take_boot_files
	blank_disk blank.raw 2G
	give_keys "${MANIFEST/=/ = }"
	mapfile -t arguments < <(disk blank.raw && key_drive keys)
	run_installer console "${arguments[@]}"
	expect_refusal console 2 '(target|plan)' UEFI
	expect_unchanged blank.raw
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "the guest is installed under UEFI" install_under_uefi
enough
run_case "the EFI system partition has loader, entry, kernel and initrd" the_esp_has_what_it_needs
run_case "a copy is made for the guest" copy_for_the_guest disk.raw
start_guest disk.raw --firmware uefi --disk copy.raw
run_case "it boots by UEFI with fresh variables and lets its owner in" guest_lets_in
enough
run_case "systemd-boot booted it" was_booted_by_systemd_boot
run_case "the guest takes the copy and the installer" the_guest_takes_the_copy
run_case "the command verify accepts a copy of the disk" the_command_verify_accepts_it
run_case "what does not start is refused with its reason" what_does_not_start_is_refused
run_case "the guest writes the entry of its next generation" the_guest_writes_its_next_entry
press_the_power_button
run_case "the power button ended it" guest_ended_well
run_case "its EFI system partition is clean afterwards" esp_is_clean disk.raw
run_long "an install whose boot loader leaves an empty partition ends with 41" an_emptied_esp_is_no_success
run_long "a machine with a BIOS refuses it" a_bios_machine_refuses_it
