#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# full_iso.sh — proves that a system of this host's store which the tool iso appends to a full ISO is installed by
# its live system, whose own configuration says nixos-install, and boots; and that the tool refuses kernel
# arguments for such an ISO
#
# There is no nixpkgs here to make NixOS's installation image: full-init and the files of make_full_iso have its
# shape (nixos/modules/installer/cd-dvd/iso-image.nix).
# Modules: input/embedded_source, disk/loop_device.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

# The settings are those of the package nixos-install-iso.
make_full_iso() {
	mkdir -p iso/boot iso/isolinux iso/EFI/boot live/bin live/etc
	cp "$boot/vmlinuz" iso/boot/bzImage
	cp "$boot/initrd.img" iso/boot/initrd
	head -c 100K /dev/urandom >iso/nix-store.squashfs
	truncate -s 1M iso/guest-installer.embedded
	printf 'LABEL boot\nLINUX /boot/bzImage\nAPPEND root=LABEL=nixos-minimal\nINITRD /boot/initrd\n' \
		>iso/isolinux/isolinux.cfg
	printf 'linux /boot/bzImage root=LABEL=nixos-minimal\ninitrd /boot/initrd\n' >iso/EFI/boot/grub.cfg
	xorriso -as mkisofs -quiet -iso-level 3 -r -V nixos-minimal -o full.iso iso
	cp "$TOP/tests/long/full-init" live/init
	cp "$TOP/build/guest-installer" live/bin/
	printf '%s = %s\n' engine nixos-install on-success exit on-failure exit >live/etc/guest-installer.conf
	overlay initrd live
}

refuses_kernel_arguments() {
	local status=0
	"$TOP/qemu/iso" customize --kernel-args debug full.iso out.iso 2>said || status=$?
	cat said
	((status == 2)) && [[ ! -e out.iso ]]
	grep 'no space for --kernel-args' said
}

appends_a_system() {
	nix-instantiate --eval --strict --json "$TOP/iso/sample/layouts.nix" -A gpt >facts.json
	"$TOP/qemu/iso" customize --key key.pub --system "$TOP/build/sample-gpt" --manifest facts.json \
		full.iso web.iso
	"$TOP/qemu/iso" reset web.iso original.iso
	cmp original.iso full.iso
}

installs() {
	local arguments
	truncate -s 2G disk.raw
	mapfile -t arguments < <(disk disk.raw)
	iso=web.iso initrd=initrd run_installer console "${arguments[@]}"
	expect_verdict console INSTALL_SUCCESSFUL
	grep -ax 'status 0' <(tr -d '\r' <console)
	grep -a 'medium: the closure appended to /dev/sr0 is /dev/loop' console
}

lets_in() {
	guest_lets_in
	[[ $(in_guest 'readlink /run/booted-system') == "$(readlink -f "$TOP/build/sample-gpt")" ]]
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "an ISO and a live system in the shape of NixOS's are made" make_full_iso
enough
run_case "kernel arguments are refused for it" refuses_kernel_arguments
run_case "a system of this host's store is appended, and can be taken away again" appends_a_system
enough
run_case "the live system installs the appended closure" installs
enough
start_guest disk.raw
run_case "the guest boots, and lets its owner in" lets_in
