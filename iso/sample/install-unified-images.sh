#!/bin/bash
# SPDX-License-Identifier: MIT
# Does what lanzaboote's tool does as an external boot loader, unsigned: a unified kernel image (Boot
# Loader Specification, type 2) for each generation, and systemd-boot under the name that firmware
# looks for. The stub is systemd's.

set -euo pipefail
export PATH=@utillinux@/bin:@busybox@/bin
default_config=$(readlink -f "$1")
esp=/boot
program=@systemdBoot@/systemd-bootx64.efi
stub=@systemdBoot@/linuxx64.efi.stub

# put FROM TO — replaces a file of the ESP.
put() {
	cp "$1" "$2.tmp"
	mv "$2.tmp" "$2"
}

# write_image NUMBER — the image of a generation; the default if it is the system that was asked for.
# The addresses lie behind the stub's own sections, with room for the kernel.
write_image() {
	local system name=nixos-generation-$1.efi
	system=$(readlink -f "/nix/var/nix/profiles/system-$1-link")
	printf 'ID=nixos\nPRETTY_NAME="NixOS"\nVERSION_ID="Generation %s"\n' "$1" >"$work/osrel"
	printf %s "init=$system/init $(cat "$system/kernel-params")" >"$work/cmdline"
	@binutils@/bin/objcopy \
		--add-section .osrel="$work/osrel" --change-section-vma .osrel=0x20000 \
		--add-section .cmdline="$work/cmdline" --change-section-vma .cmdline=0x30000 \
		--add-section .linux="$system/kernel" --change-section-vma .linux=0x2000000 \
		--add-section .initrd="$system/initrd" --change-section-vma .initrd=0x4000000 \
		"$stub" "$work/image"
	put "$work/image" "$esp/EFI/Linux/$name"
	[[ $system != "$default_config" ]] || printf '%s\n' 'timeout 0' "default $name" >"$work/loader.conf"
}

work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -p "$esp"/EFI/{BOOT,Linux,systemd} "$esp/loader"
put "$program" "$esp/EFI/systemd/systemd-bootx64.efi"
put "$program" "$esp/EFI/BOOT/BOOTX64.EFI"
rm -f "$esp"/EFI/Linux/*
for link in /nix/var/nix/profiles/system-*-link; do
	number=${link##*/system-}
	write_image "${number%-link}"
done
put "$work/loader.conf" "$esp/loader/loader.conf"
sync -f "$esp"
