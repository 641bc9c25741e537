#!/bin/bash
# SPDX-License-Identifier: MIT
# Imitates nixpkgs' systemd-boot-builder.py: copies kernels and initrds to the ESP, writes an entry for
# each generation and loader.conf, and installs systemd-boot under the name that firmware looks for.

set -euo pipefail
export PATH=@utillinux@/bin:@busybox@/bin
default_config=$(readlink -f "$1")
esp=/boot
program=@systemdBoot@/systemd-boot@efiName@.efi
removable=EFI/BOOT/@efiProgram@

declare -A wanted=()

# on_esp FILE — copies a file of the store and sets file to its name on the ESP.
on_esp() {
	local name=${1#/nix/store/}
	file=/EFI/nixos/${name//\//-}.efi
	wanted[$esp$file]=1
	[[ ! -e $esp$file ]] || return 0
	cp "$1" "$esp$file.tmp"
	mv "$esp$file.tmp" "$esp$file"
}

# write_entry NUMBER — the entry of a generation; the default if it is the system that was asked for.
write_entry() {
	local system kernel initrd name=nixos-generation-$1.conf entry
	entry=$esp/loader/entries/$name
	system=$(readlink -f "/nix/var/nix/profiles/system-$1-link")
	on_esp "$(readlink -f "$system/kernel")" && kernel=$file
	on_esp "$(readlink -f "$system/initrd")" && initrd=$file
	printf '%s\n' 'title NixOS' 'sort-key nixos' \
		"version Generation $1 NixOS $(cat "$system/nixos-version")" \
		"linux $kernel" "initrd $initrd" \
		"options init=$system/init $(cat "$system/kernel-params")" >"$entry.tmp"
	mv "$entry.tmp" "$entry"
	wanted[$entry]=1
	[[ $system != "$default_config" ]] ||
		printf '%s\n' 'timeout 0' "default $name" 'console-mode keep' >"$esp/loader/loader.conf.tmp"
}

remove_obsolete() {
	local path
	for path in "$esp"/EFI/nixos/* "$esp"/loader/entries/*; do
		[[ -z ${wanted[$path]:-} && -e $path ]] || continue
		echo "removing obsolete file $path" >&2
		rm "$path"
	done
}

install_program() {
	local target
	for target in "EFI/systemd/${program##*/}" "$removable"; do
		echo "Copied \"$program\" to \"$esp/$target\"." >&2
		cp "$program" "$esp/$target.tmp"
		mv "$esp/$target.tmp" "$esp/$target"
	done
}

mkdir -p "$esp"/EFI/{BOOT,nixos,systemd} "$esp/loader/entries"
if [[ ${NIXOS_INSTALL_BOOTLOADER:-} == 1 ]] || ! cmp -s "$program" "$esp/$removable"; then
	install_program
fi
generations=$(find /nix/var/nix/profiles -name 'system-*-link' | sed 's/.*system-\(.*\)-link/\1/' | sort -n)
for number in $generations; do
	write_entry "$number"
done
mv "$esp/loader/loader.conf.tmp" "$esp/loader/loader.conf"
remove_obsolete
sync -f "$esp"
