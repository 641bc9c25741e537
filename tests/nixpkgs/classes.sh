#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# classes.sh — proves with the modules in NIXPKGS which guests have which facts, and which are refused
# and why. NIXPKGS may be a tree with nixos/ and lib/ alone. UPDATE=1 writes the golden files again.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

GOLDEN=$TOP/tests/nixpkgs/golden
ACCEPTED=(bios gpt pygrub direct boot boot-fat boot-and-esp grub-uefi grub-devices grub-mirrored systemd-boot systemd-boot-options external
	grub-sda esp-elsewhere
	sysusers etc-overlay etc-immutable switchless inactivatable perlless-direct
	esp-of-the-guest allow-users firewalled by-uuid by-partition swap-file qemu-vm qemu-vm-direct xen-domU-direct)
REFUSED=(external-bios xbootldr auto-root grub-by-id perlless xen-domU luks mapper btrfs tmpfs by-partlabel by-name grub-elsewhere long-label
	zfs-boot zfs-root lvm encrypted-fs swraid ext3 bcachefs btrfs-subvolume stratis resume home)

evaluate() {
	nix-instantiate --eval --strict --json "$TOP/tests/nixpkgs/classes.nix" \
		--arg nixpkgs "${NIXPKGS:?is not set: make check-nix NIXPKGS=FOLDER}" -A "$1"
}

# is_golden CLASS — with what facts or sentences the class has, in the file `made`.
is_golden() {
	[[ ! ${UPDATE-} ]] || cp made "$GOLDEN/class-$1"
	diff -u "$GOLDEN/class-$1" made
}

# Their initrd has the drivers of the layouts, and which others depends on the revision of nixpkgs.
has_facts() {
	evaluate "$1" >facts
	jq -e '["ahci", "nvme", "virtio_blk", "virtio_pci", "xen-blkfront"] - .initrd_modules == []' facts
	jq 'del(.initrd_modules)' facts >made
	is_golden "$1"
}

is_refused() {
	if evaluate "refused.$1" >made 2>messages; then return 1; fi
	sed -n '/^error: /,/^ *at \/\|^(use /p' messages | grep -v '^ *at /\|^(use ' |
		sed 's/^error: //; s/^ *//; /^$/d' >made
	is_golden "refused-$1"
}

cd "$SCRATCH"
for class in "${ACCEPTED[@]}"; do
	run_case "$class" has_facts "$class"
done
for class in "${REFUSED[@]}"; do
	run_case "$class is refused" is_refused "$class"
done
