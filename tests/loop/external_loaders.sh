#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# external_loaders.sh — proves that an ESP which another tool has written is accepted if it starts the
# system, whichever EFI program is there, and refused if it may start anything else: lanzaboote's
# images, a unified kernel image as the EFI program, and programs that are not known
#
# Modules: verify/systemd_boot, verify/unified_image.
# shellcheck disable=SC2317 # the cases are called by name
# shellcheck source=tests/tap.lib.sh
. "$(dirname "$0")/../tap.lib.sh"
# shellcheck source=tests/loop/esp.lib.sh
. "$TOP/tests/loop/esp.lib.sh"

# make_stub KERNEL INITRD — what lanzaboote leaves: paths and SHA-256 of these files of the ESP.
make_stub() {
	printf '%s' "${1//\//\\}" >"$SCRATCH/kernel-path"
	printf '%s' "${2//\//\\}" >"$SCRATCH/initrd-path"
	openssl dgst -sha256 -binary ".$1" >"$SCRATCH/kernel-hash"
	openssl dgst -sha256 -binary ".$2" >"$SCRATCH/initrd-hash"
	make_image "$SCRATCH/kernel-path" "$SCRATCH/initrd-path" "init=$SYSTEM/init quiet" \
		--add-section .linuxh="$SCRATCH/kernel-hash" --change-section-vma .linuxh=0x4000000 \
		--add-section .initrdh="$SCRATCH/initrd-hash" --change-section-vma .initrdh=0x5000000
}

# new_lanzaboote — an ESP with systemd-boot and one image of lanzaboote.
new_lanzaboote() {
	new_target
	rm loader/entries/*
	printf 'default nixos-*\nsecure-boot-enroll force\ntimeout 5\n' >loader/loader.conf
	make_stub /EFI/nixos/k.efi /EFI/nixos/i.efi
}

lanzaboote_starts() {
	new_lanzaboote
	esp_is starts
	esp_is starts external
	echo secrets >>EFI/nixos/i.efi
	make_stub /EFI/nixos/k.efi /EFI/nixos/i.efi
	mv EFI/Linux/nixos-1.efi EFI/Linux/nixos-generation-1-hash+3.efi
	esp_is starts external
}

lanzaboote_that_stops_is_refused() {
	new_lanzaboote && echo x >>EFI/nixos/i.efi
	esp_is 'refused: /EFI/nixos/i.efi does not have the SHA-256 that /EFI/Linux/nixos-1.efi expects.' external
	new_lanzaboote && rm EFI/nixos/k.efi
	esp_is 'refused: *k.efi*' external
	new_lanzaboote && echo other >EFI/nixos/k.efi && make_stub /EFI/nixos/k.efi /EFI/nixos/i.efi
	esp_is "refused: The file /EFI/nixos/k.efi of /EFI/Linux/nixos-1.efi differs from $SYSTEM/kernel." external
	new_lanzaboote && echo other >EFI/nixos/i.efi && make_stub /EFI/nixos/k.efi /EFI/nixos/i.efi
	esp_is "refused: The file /EFI/nixos/i.efi of /EFI/Linux/nixos-1.efi differs from $SYSTEM/initrd." external
	new_lanzaboote && objcopy -R .linuxh EFI/Linux/nixos-1.efi
	esp_is 'refused: The section .linux of /EFI/Linux/nixos-1.efi differs*' external
}

# new_image_program — an ESP with nothing but a unified kernel image at the removable path.
new_image_program() {
	new_target
	rm -r loader EFI/nixos
	make_image "$1" "$2" "$3"
	mv EFI/Linux/nixos-1.efi EFI/BOOT/BOOTX64.EFI
}

an_image_may_be_the_program() {
	local store=$SCRATCH/root$SYSTEM
	new_image_program "$store/kernel" "$store/initrd" "init=$SYSTEM/init"
	esp_is starts external
	esp_is 'refused: *is not systemd-boot*'
	new_image_program "$store/initrd" "$store/initrd" "init=$SYSTEM/init"
	esp_is 'refused: The section .linux of /EFI/BOOT/BOOTX64.EFI differs*' external
	new_image_program "$store/kernel" "$store/initrd" quiet
	esp_is 'refused: /EFI/BOOT/BOOTX64.EFI does not start the system*' external
}

# new_other_program — an ESP with a whole menu, and a program that is no boot loader known here.
new_other_program() {
	new_target
	cp "$STUB" EFI/BOOT/BOOTX64.EFI
}

every_entry_of_another_program_counts() {
	new_other_program
	esp_is starts external
	sed 's,title NixOS,title Again,' loader/entries/nixos-generation-1.conf >loader/entries/again.conf
	echo 'default @saved' >loader/loader.conf
	esp_is starts external
	sed 's,init=[^ ]*,init=/nix/store/x/init,' loader/entries/again.conf >loader/entries/zzz.conf
	esp_is 'refused: *BOOTX64.EFI is not systemd-boot, so that each boot entry has to start this system: *zzz.conf does not start the system*' external
	rm loader/entries/zzz.conf
	printf 'title Memtest\nefi /EFI/nixos/k.efi\n' >loader/entries/memtest86.conf
	esp_is 'refused: *each boot entry*memtest86.conf*' external
	printf 'title Memtest\nlinux /EFI/gone.efi\n' >loader/entries/memtest86.conf
	esp_is 'refused: *each boot entry*memtest86.conf has no kernel*' external
}

another_program_needs_an_entry() {
	new_other_program && rm -r loader
	esp_is 'refused: *it cannot be known what it starts: use systemd-boot or GRUB.' external
	mkdir -p EFI/limine && echo 'timeout: 5' >EFI/limine/limine.conf
	esp_is 'refused: *it cannot be known what it starts*' external
	new_target && rm -r loader
	esp_is 'refused: *no boot entry with a kernel*' external
	new_target && rm EFI/BOOT/BOOTX64.EFI
	esp_is 'refused: *BOOTX64.EFI*' external
}

build_reader
run_case "systemd-boot with an image of lanzaboote is accepted" lanzaboote_starts
run_case "an image of lanzaboote with another file, or a wrong hash, is refused" lanzaboote_that_stops_is_refused
run_case "a unified kernel image may be the EFI program" an_image_may_be_the_program
run_case "every entry of another program has to start the system" every_entry_of_another_program_counts
run_case "a program without an entry is refused" another_program_needs_an_entry
