#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# install_bios.sh — proves that a bare QEMU line with the disk first and the ISO second, and with no tool of
# ours, installs a guest that boots, lets its owner in, has the store that the cache holds and a clean disk for
# BIOS machines; that it boots its specialisation first, as it is told; and that what nixos-rebuild does works in
# the guest, with a configuration from the key drive, and that it boots its next generation. With LONG=1 also that the installer refuses the disk, as install_gpt.sh proves of another layout.
#
# Modules: init/iso_medium, init/pid1.
# dev_links makes the names by which the guest's GRUB finds its disk.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # the guest expands; the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

install_by_hand() {
	give_keys 'manifest = file:///medium/guest-bios.json' \
		'files = /etc/nixos/configuration.nix=drive:config.nix /var/lib/nixpkgs/nixos/default.nix=drive:nixpkgs.nix'
	cp "$TOP"/tests/qemu/rebuild/*.nix keys/
	truncate -s 2G disk.raw
	run_machine console 300 -boot order=cd \
		-drive file=disk.raw,format=raw,if=virtio \
		-drive file=fat:floppy:keys,format=raw,if=virtio,readonly=on \
		-drive file="$ISO",media=cdrom,readonly=on
	expect_verdict console INSTALL_SUCCESSFUL
	expect_successes console 1
	judge console
}

one_active_partition() {
	sfdisk --json disk.raw | tee table
	jq -e '.partitiontable | .label == "dos" and (.partitions | length == 1) and
		.partitions[0].bootable and .partitions[0].type == "83"' table
	[[ $(blkid -p -O "$(root_offset disk.raw)" -o value -s LABEL disk.raw) == nixos ]]
	[[ $(mark_state disk.raw) == 2 ]]
}

# The commands of `nixos-rebuild switch --fast`, without systemd-run, which this guest does not have.
what_nixos_rebuild_does_works() {
	in_guest 'set -e
		export NIX_PATH=nixpkgs=/var/lib/nixpkgs:nixos-config=/etc/nixos/configuration.nix
		system=$(nix-build "<nixpkgs/nixos>" --no-out-link -A system)
		nix-env -p /nix/var/nix/profiles/system --set "$system"
		env -i LOCALE_ARCHIVE= NIXOS_INSTALL_BOOTLOADER= "$system/bin/switch-to-configuration" switch
		echo "$system"' >rebuilt || { cat rebuilt && return 1; }
	[[ $(tail -n 1 rebuilt) == /nix/store/*-nixos-system-sample-rebuilt-second ]]
	[[ $(in_guest 'readlink -f /run/current-system') == "$(tail -n 1 rebuilt)" ]]
	in_guest cat /boot/grub/grub.cfg | grep -F 'NixOS - Configuration 1'
}

# As grub-reboot does, from outside. Entry 0 is the default.
the_first_boot_is_of_the_specialisation() {
	mkdir mnt
	mount -o "loop,offset=$(root_offset disk.raw)" disk.raw mnt
	grub-editenv mnt/boot/grub/grubenv set next_entry=1
	umount mnt
}

# was_booted SYSTEM VERSION — by GRUB, which adds BOOT_IMAGE to the kernel's command line.
was_booted() {
	in_guest cat /proc/cmdline | grep -E "^BOOT_IMAGE=.* init=$1/init "
	[[ $(in_guest 'cat /run/booted-system/nixos-version') == "$2" ]]
}

its_specialisation_is_booted() {
	was_booted "$(readlink -f "$TOP/build/sample-bios/specialisation/alpha")" 0.sample.alpha
	[[ $(in_guest 'findmnt -no SOURCE,FSTYPE /') == '/dev/vda1 ext4' ]]
}

its_next_generation_is_booted() {
	guest_lets_in
	was_booted "$(tail -n 1 rebuilt)" second
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "the ISO installs by a bare QEMU line and powers off" install_by_hand
enough
run_case "the disk has one active partition with the planned label" one_active_partition
run_case "its only identity is the host key that was told" identity_is_its_own disk.raw console
run_case "GRUB is told to start the specialisation once" the_first_boot_is_of_the_specialisation
start_guest disk.raw
run_case "the disk alone boots and lets its owner in" guest_lets_in
enough
run_case "GRUB booted its specialisation from the disk" its_specialisation_is_booted
run_case "Nix finds its store whole" store_is_whole bios
run_case "every entry has the type, mode, owner and time of the source" entries_are_those_of_the_source bios
run_case "Nix finds registered what it would register" registration_is_that_of_the_source bios
run_case "a garbage collection deletes nothing" closure_survives_a_garbage_collection bios
run_case "keys and log are as private as they should be" keys_and_log_are_private
run_case "what nixos-rebuild does works in the guest" what_nixos_rebuild_does_works
run_case "the guest takes the command to power off" guest_takes_poweroff
await_guest
run_case "it ends by itself" guest_ended_well
start_guest disk.raw
run_case "its next generation boots and lets its owner in" its_next_generation_is_booted
press_the_power_button
run_case "its disk is clean afterwards" disk_is_clean disk.raw
run_long "the installer refuses the disk and leaves it as it is" installer_leaves_it_alone disk.raw
