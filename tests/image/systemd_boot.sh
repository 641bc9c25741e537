#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# systemd_boot.sh — proves that an ordinary user makes an image with systemd-boot, by no other programs than
# mkfs.fat and mtools; that UEFI starts it from the disk alone, that its first boot activates it and lets its
# owner in; and that the guest goes on from there with its own entries
#
# Modules: image/image_esp, image_command, image/image_verify, guest/loader_files.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # the guest expands; the cases are called by name
# shellcheck source=image.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/image.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

SYSTEM=$(readlink "$TOP/build/sample-systemd-boot")
EPOCH=1700000000

an_ordinary_user_makes_one() {
	local options
	mapfile -t options < <(image_options systemd-boot)
	SOURCE_DATE_EPOCH=$EPOCH as_nobody strace -f -qq -e trace=execve,mount,chroot,unshare,setns \
		-o out/calls "$GUEST_INSTALLER" image "${options[@]}" --size 2G --seed "$SEED" \
		out/disk.raw >said 2>&1 || { cat said && return 1; }
	[[ $(tail -n 1 said) == INSTALL_SUCCESSFUL ]]
	nothing_is_left
}

only_programs_of_the_host_ran() {
	sed -n 's/^[0-9]* *execve("\([^"]*\)".* = 0$/\1/p' out/calls | sort | uniq -c | tee started
	awk '{ print $2 }' started | grep -vE "^($GUEST_INSTALLER|/s?bin/(mkfs.fat|mcopy|mmd)|/usr/s?bin/(mkfs.fat|mcopy|mmd|mtools|setpriv|env))\$" &&
		return 1
	if grep -E '(mount|chroot|unshare|setns)\(' out/calls; then return 1; fi
}

disk_and_partition_are_sound() {
	disk_is_clean out/disk.raw
	esp_is_clean out/disk.raw
}

# Named and laid out as systemd-boot-builder.py of nixpkgs does it; each time is SOURCE_DATE_EPOCH's.
the_esp_is_laid_out_as_nixpkgs_does() {
	local kernel initrd
	kernel=$(readlink -f "$TOP/build/sample-systemd-boot/kernel" | sed 's,/nix/store/,,; s,/,-,').efi
	initrd=$(readlink -f "$TOP/build/sample-systemd-boot/initrd" | sed 's,/nix/store/,,; s,/,-,').efi
	mdir -b -/ -i out/disk.raw@@2M ::/ | tr -d '\r' | grep -v '/$' | sort | diff - <(printf '::/%s\n' \
		EFI/BOOT/BOOTX64.EFI "EFI/nixos/$kernel" "EFI/nixos/$initrd" EFI/systemd/systemd-bootx64.efi \
		loader/entries.srel loader/entries/nixos-generation-1.conf loader/loader.conf | sort)
	mcopy -n -i out/disk.raw@@2M ::/loader/entries/nixos-generation-1.conf ::/loader/loader.conf \
		"::/EFI/nixos/$initrd" .
	diff nixos-generation-1.conf - <<-END
		title NixOS
		sort-key nixos
		version Generation 1 $(jq -r '."org.nixos.bootspec.v1".label' "$SYSTEM/boot.json"), built on 2023-11-14
		linux /EFI/nixos/$kernel
		initrd /EFI/nixos/$initrd
		options init=$SYSTEM/init $(cat "$SYSTEM/kernel-params")
	END
	grep -Fx 'default nixos-generation-1.conf' loader.conf
	cmp "$initrd" "$SYSTEM/initrd"
	TZ=UTC mdir -/ -i out/disk.raw@@2M ::/ | grep -E '[0-9]:[0-9]' | tee times
	if grep -v '2023-11-14  22:13' times; then return 1; fi
}

the_same_seed_gives_the_same_bytes() {
	SOURCE_DATE_EPOCH=$EPOCH made systemd-boot out/again.raw --size 2G --seed "$SEED" --set workers=2
	cmp out/disk.raw out/again.raw
	rm out/again.raw
}

it_was_started_and_activated() {
	in_guest 'test -d /sys/firmware/efi'
	in_guest cat /proc/cmdline | grep -F "init=$SYSTEM/init "
	in_guest 'for link in /run /nix/var/nix/gcroots; do readlink $link/current-system; done
		readlink /nix/var/nix/profiles/system
		findmnt -no SOURCE,FSTYPE /boot
		stat -c "%a %u %g" /nix/store
		ls /etc/passwd /etc/ssh/ssh_host_ed25519_key' | diff - <(printf '%s\n' "$SYSTEM" /run/current-system \
		system-1-link '/dev/vda2 vfat' '1775 0 30000' /etc/passwd /etc/ssh/ssh_host_ed25519_key)
}

# What nixos-rebuild does in the guest: a second generation, then its own program writes the boot loader.
the_guest_writes_its_next_entry() {
	in_guest "ln -s $SYSTEM /nix/var/nix/profiles/system-2-link &&
		ln -sfn system-2-link /nix/var/nix/profiles/system && $SYSTEM/bin/switch-to-configuration boot"
	in_guest 'cat /boot/loader/loader.conf' | grep -Fx 'default nixos-generation-2.conf'
	in_guest 'ls /boot/loader/entries /boot/EFI/nixos' | tee listed
	[[ $(grep -c '^nixos-generation-[12].conf$' listed) == 2 && $(grep -c '\.efi$' listed) == 2 ]]
}

the_second_generation_was_started() {
	in_guest 'test -e /boot/loader/entries/nixos-generation-2.conf'
	[[ $(in_guest readlink /nix/var/nix/profiles/system) == system-2-link ]]
	[[ $(in_guest readlink /run/booted-system) == "$SYSTEM" ]]
}

prepare_images
manifest_of systemd-boot
run_case "an ordinary user makes an image" an_ordinary_user_makes_one
run_case "only mkfs.fat and mtools ran" only_programs_of_the_host_ran
run_case "the store is whole" image_store_is_whole out/disk.raw "$(root_offset out/disk.raw)" systemd-boot
run_case "the disk and its EFI system partition are sound" disk_and_partition_are_sound
run_case "the EFI system partition is laid out as nixpkgs does it" the_esp_is_laid_out_as_nixpkgs_does
run_case "the same seed gives the same bytes" the_same_seed_gives_the_same_bytes
cp --sparse=always out/disk.raw disk.raw
start_guest disk.raw --firmware uefi
run_case "it boots by UEFI from the disk alone and lets its owner in" guest_lets_in
run_case "systemd-boot started it, and its first boot activated it" it_was_started_and_activated
run_case "the store is that of the build" entries_are_those_of_the_source systemd-boot
run_case "the guest writes the entry of its next generation" the_guest_writes_its_next_entry
press_the_power_button
run_case "the power button ended it" guest_ended_well
run_case "its EFI system partition is clean afterwards" esp_is_clean disk.raw
the_rest_is_long
start_guest disk.raw --firmware uefi
run_long "the second generation boots and lets its owner in" guest_lets_in
run_long "it is the one that the guest has chosen" the_second_generation_was_started
press_the_power_button
run_long "the power button ended it" guest_ended_well
