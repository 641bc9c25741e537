#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# nixpkgs_menus.sh — proves that the menus which nixpkgs' nixos/tests/systemd-boot.nix makes are read as
# bootctl reads them, and that each is accepted if its default entry starts the system
#
# Modules: verify/loader_entries, verify/systemd_boot.
# shellcheck disable=SC2317 # the cases are called by name
# shellcheck source=tests/tap.lib.sh
. "$(dirname "$0")/../tap.lib.sh"
# shellcheck source=tests/loop/esp.lib.sh
. "$TOP/tests/loop/esp.lib.sh"

# new_menu [DEFAULT] — a target with the files that systemd-boot-builder.py writes, and no entry.
new_menu() {
	new_target
	rm loader/entries/*
	mkdir -p EFI/systemd EFI/memtest86 EFI/nixos/.extra-files
	cp "$BOOT" EFI/systemd/systemd-bootx64.efi
	cp "$STUB" EFI/memtest86/memtest.efi
	printf '%s\n' 'timeout 5' "default ${1-nixos-generation-*}" 'editor 0' 'console-mode keep' >loader/loader.conf
}

# nixos_entry NAME SORT-KEY [INIT] — an entry as DiskEntry.write() of systemd-boot-builder.py makes it.
nixos_entry() {
	printf '%s\n' 'title NixOS' 'version Generation 1 24.11, built on 2024-08-02' \
		'linux /EFI/nixos/k.efi' 'initrd  /EFI/nixos/i.efi' \
		"options init=${3-$SYSTEM}/init loglevel=4" \
		'machine-id 0123456789abcdef0123456789abcdef' "sort-key $2" >"loader/entries/$1"
}

# other_entry NAME LINES
other_entry() {
	printf '%b\n' "$2" >"loader/entries/$1"
}

# is_default ID — bootctl and we agree on the order and on this default.
is_default() {
	rm -rf "${ESP:?}"/*
	cp -r . "$ESP/"
	order_agrees
	grep -Fx "$1*" "$SCRATCH/ours" || { cat "$SCRATCH/ours" && return 1; }
}

specialisations() {
	new_menu
	nixos_entry nixos-generation-1.conf nixor-default
	nixos_entry nixos-generation-1-specialisation-something.conf something /nix/store/x
	is_default nixos-generation-1.conf
	esp_is starts
	# the specialisation has the sort key of its system
	nixos_entry nixos-generation-1-specialisation-something.conf nixor-default /nix/store/x
	is_default nixos-generation-1.conf
	esp_is starts
	new_menu nixos-generation-1-specialisation-something.conf
	nixos_entry nixos-generation-1.conf nixor-default
	nixos_entry nixos-generation-1-specialisation-something.conf something /nix/store/x
	is_default nixos-generation-1-specialisation-something.conf
	esp_is 'refused: *specialisation-something.conf does not start the system*'
}

# extra_program NAME SORT-KEY PROGRAM
extra_program() {
	new_menu
	nixos_entry nixos-generation-1.conf nixor-default
	other_entry "$1.conf" "title  $1\nefi    /EFI/memtest86/memtest.efi\nsort-key $2"
	is_default nixos-generation-1.conf
	esp_is starts
	sed -i "s/^default.*/default $1.conf/" loader/loader.conf
	is_default "$1.conf"
	esp_is "refused: The boot entry $1.conf *"
}

extra_programs() {
	local name
	for name in memtest86 netbootxyz edk2-uefi-shell; do
		extra_program $name o_$name
	done
	extra_program memtest86 apple
}

# systemd-boot ignores an entry without a program, such as that of the test.
extra_entries() {
	new_menu
	nixos_entry nixos-generation-1.conf nixor-default
	other_entry banana.conf 'title banana'
	esp_is starts
	mkdir -p EFI/fruits && cp "$STUB" EFI/fruits/tomato.efi
	esp_is starts
}

boot_counting() {
	new_menu
	nixos_entry nixos-generation-1+3.conf nixor-default
	is_default nixos-generation-1.conf
	esp_is starts
	# an entry that has failed loses to the generation before it
	nixos_entry nixos-generation-2+0-3.conf nixor-default /nix/store/x
	is_default nixos-generation-1.conf
	esp_is starts
}

sorted_entries() {
	local i
	new_menu
	for i in 2 9 10; do
		nixos_entry nixos-generation-$i.conf nixos /nix/store/x
	done
	nixos_entry nixos-generation-11.conf nixor-default
	is_default nixos-generation-11.conf
	esp_is starts
	# the builder before 2024 names the generation
	new_menu nixos-generation-2.conf
	nixos_entry nixos-generation-1.conf nixos /nix/store/x
	nixos_entry nixos-generation-2.conf nixos
	is_default nixos-generation-2.conf
	esp_is starts
}

collected_entries() {
	new_menu
	echo old >EFI/nixos/old.efi
	nixos_entry nixos-generation-2.conf nixor-default
	is_default nixos-generation-2.conf
	esp_is starts
	rm EFI/nixos/k.efi
	esp_is 'refused: *no boot entry with a kernel*'
}

profiles() {
	new_menu 'nixos-test-generation-*'
	nixos_entry nixos-generation-1.conf nixos /nix/store/x
	nixos_entry nixos-test-generation-1.conf nixor-default
	is_default nixos-test-generation-1.conf
	esp_is starts
}

# append-initrd-secrets writes behind the initrd on the ESP.
secrets() {
	new_menu
	nixos_entry nixos-generation-1.conf nixor-default
	cpio --quiet -o -H newc <<<loader | gzip >>EFI/nixos/i.efi
	esp_is starts
	truncate -s 3 EFI/nixos/i.efi
	esp_is 'refused: *i.efi differs*'
}

programs() {
	new_menu
	nixos_entry nixos-generation-1.conf nixor-default
	rm -r EFI/systemd
	esp_is starts
	mkdir EFI/systemd && mv EFI/BOOT/BOOTX64.EFI EFI/systemd/systemd-bootx64.efi
	esp_is 'refused: *BOOTX64.EFI*'
}

# The entries are on a partition of their own, which we do not read.
xbootldr() {
	new_menu
	rm -r EFI/nixos
	esp_is 'refused: *no boot entry with a kernel: neither in /loader/entries nor in /EFI/Linux.'
}

build_reader
mount_esp
run_case "specialisations" specialisations
run_case "memtest86, netboot.xyz and the EDK II shell, with any sort key" extra_programs
run_case "extra entries and files" extra_entries
run_case "boot counting" boot_counting
run_case "sorted entries" sorted_entries
run_case "entries after a garbage collection" collected_entries
run_case "another profile" profiles
run_case "secrets behind the initrd" secrets
run_case "the removable path alone" programs
run_case "XBOOTLDR" xbootldr
