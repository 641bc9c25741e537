#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# nixos_install.sh — proves that a guest which nixos-install fills boots and lets its owner in, and
# that building it may take more memory than the machine has. The lean ISO gets small programs in
# place of NixOS's; theirs is a system that the real Nix has put into a folder (its loop test shows
# how they are called). With LONG=1 also that a guest that was built for another firmware is refused.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

# program NAME — a program of the live system, from standard input.
program() {
	cat >"live/bin/$1"
	chmod 755 "live/bin/$1"
}

make_live_system() {
	local applet
	mkdir -p live/bin live/etc
	for applet in cat cp dd df grep mkdir tar; do ln -s busybox "live/bin/$applet"; done
	echo 'engine = nixos-install' >live/etc/guest-installer.conf
	program nixos-generate-config <<-'END'
		#!/bin/sh -e
		mkdir -p "$2/etc/nixos"
		echo '{ hardware = true; }' >"$2/etc/nixos/hardware-configuration.nix"
		[ -e "$2/etc/nixos/configuration.nix" ] || echo '{ }' >"$2/etc/nixos/configuration.nix"
	END
	# Its memory is more than the machine's, its temporary files are not in memory.
	program nixos-install <<-'END'
		#!/bin/sh -e
		df -T "$TMPDIR" | grep ext4
		cat /proc/swaps
		dd if=/dev/zero of=/dev/null bs=1100M count=1
		dd if=/dev/zero of="$TMPDIR/much" bs=1M count=70
		tar -x -f /medium/system.tar -C "$2"
	END
}

# pack_sample NAME — the sample guest as nixos-install leaves it on the target: NAME.tar.
pack_sample() {
	local system
	system=$(readlink -f "$TOP/build/sample-$1")
	nix --extra-experimental-features nix-command copy --no-check-sigs --to "$PWD/$1" "$system"
	nix-env --store "$PWD/$1" -p "$1/nix/var/nix/profiles/system" --set "$system"
	tar -c -f "$1.tar" -C "$1" nix
}

make_medium() {
	pack_sample gpt
	mv gpt.tar system.tar
	"$TOP/iso/assemble" "$boot/vmlinuz" "$boot/initrd.img" live.iso system.tar
	overlay initrd.img live
}

installs() {
	local arguments
	truncate -s 8G disk.raw
	give_keys
	echo '{ mine = true; }' >keys/configuration.nix
	mapfile -t arguments < <(disk disk.raw && key_drive keys)
	iso=live.iso initrd=initrd.img run_installer console -m 1024 "${arguments[@]}"
	expect_verdict console INSTALL_SUCCESSFUL
	grep -aF 'nixos-install: /run/guest-installer/target/tmp/guest-installer/swap' console
	[[ $(mark_state disk.raw) == 2 ]]
}

boots_and_has_its_configuration() {
	guest_lets_in
	was_booted_by_grub gpt /dev/vda3
	in_guest 'cd /etc/nixos && cat configuration.nix guest.nix guest-installer.nix' | tee configuration
	grep -Fx '{ mine = true; }' configuration
	grep -F 'boot.loader.grub.device = lib.mkForce "/dev/vda";' configuration
	grep -F "\"$(cat key.pub)\"" configuration
	[[ $(in_guest 'ls /tmp') == '' ]]
}

# A flake may have a boot loader for another firmware than the machine's; this one has it for UEFI.
built_for_another_firmware() {
	local arguments
	pack_sample systemd-boot
	mv systemd-boot.tar system.tar
	"$TOP/iso/assemble" "$boot/vmlinuz" "$boot/initrd.img" live.iso system.tar
	rm -r system.tar gpt systemd-boot
	truncate -s 8G other.raw
	mapfile -t arguments < <(disk other.raw && key_drive keys)
	iso=live.iso initrd=initrd.img run_installer console -m 2048 "${arguments[@]}"
	expect_refusal console 41 verify 'This machine was started by BIOS, but the guest boots by UEFI only'
	[[ $(mark_state other.raw) == 1 ]]
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "the lean ISO becomes a live system with NixOS's programs" make_live_system
run_case "a system that Nix has built lies on its medium" make_medium
enough
run_case "it is installed in 1 GiB of memory" installs
enough
start_guest disk.raw
run_case "it boots, lets its owner in and has its configuration" boots_and_has_its_configuration
run_long "a guest that was built for another firmware than the machine's is refused" \
	built_for_another_firmware
