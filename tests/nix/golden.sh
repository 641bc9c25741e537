#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# golden.sh — proves that the Nix expressions produce the golden files: settings, the facts of
# manifests, and the services of a host's guests, which systemd accepts
#
# UPDATE=1 writes the golden files again. Read them before you commit them.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

GOLDEN=$TOP/tests/nix/golden

parses() {
	nix-instantiate --parse "$TOP/$1" >parsed
	# The parts of nixfmt's layout that can be checked without nixfmt.
	if grep -nP '\t| $|\r' "$TOP/$1"; then return 1; fi
}

# write_files EXPRESSION — writes each text of the expression's set to a file with the text's name.
write_files() {
	local name
	nix-instantiate --eval --strict --json "$TOP/tests/nix/$1" >texts
	jq -r 'keys[]' texts | while read -r name; do
		jq -rj --arg name "$name" '.[$name]' texts >"made/$name"
	done
}

is_golden() {
	[[ ! ${UPDATE-} ]] || cp "made/$1" "$GOLDEN/$1"
	diff -u "$GOLDEN/$1" "made/$1"
}

systemd_accepts() {
	# The user, the programs and the credential do not exist on this machine.
	sed -E -e '/^(User|LoadCredential)=/d' -e "s,^(Exec[A-Za-z]+=/bin/sh -e ),\1$PWD/made/," \
		-e 's,^ExecStart=/usr/bin/guest-installer,ExecStart=/bin/true,' "made/$1" >"$1"
	systemd-analyze verify --man=no --recursive-errors=no "./$1" 2>&1 | tee messages
	[[ ! -s messages ]]
}

# The exposure is at most 100 points. The rest is network access, devices and native code.
is_hardened() {
	sed "s,^ExecStart=/bin/sh -e ,&$PWD/made/," "made/$1" >"$1"
	systemd-analyze security --offline=yes --threshold=20 --no-pager "./$1"
}

facts_are_golden() {
	nix-instantiate --eval --strict --json "$TOP/tests/nix/facts.nix" | jq . >made/facts.json
	is_golden facts.json
}

# The layout pygrub rewrites a menu so that pygrub can read it.
menu_is_repaired() {
	cp "$TOP/tests/nix/menu.cfg" made/grub.cfg
	sed "s,/boot/grub/grub.cfg,$PWD/made/grub.cfg," made/repair-menu | bash -eu
	is_golden grub.cfg
}

# A name alone, or flake:NAME, is looked up in a registry: newer versions of Nix warn of this or refuse it.
inputs_need_no_registry() {
	local urls
	urls=$(nix-instantiate --eval --strict --json -E "map (input: input.url)
		(builtins.attrValues (import $1).inputs)")
	jq -e 'length > 0 and all(.[]; test("^(github|git|path|https)[+a-z]*:"))' <<<"$urls"
}

# refuses ATTRIBUTE SENTENCE — the attribute of tests/nix/refusals.nix fails with the sentence.
refuses() {
	local message
	message=$(nix-instantiate --eval --strict "$TOP/tests/nix/refusals.nix" -A "$1" 2>&1) && return 1
	echo "$message"
	grep -qF "$2" <<<"$message"
}

# With a nixpkgs that has nothing.
flake_is_for_both_architectures() {
	nix-instantiate --eval --strict --json -E "let outputs = (import $TOP/flake.nix).outputs {
			self = { };
			nixpkgs = { outPath = /nowhere; legacyPackages = { x86_64-linux = { }; aarch64-linux = { }; }; };
		}; in map builtins.attrNames [ outputs.packages outputs.packages.aarch64-linux outputs.checks ]" |
		jq -e '.[0] == ["aarch64-linux", "x86_64-linux"] and .[2] == .[0] and (.[1] | index("guest-installer"))'
}

cd "$SCRATCH"
mkdir made
git -C "$TOP" ls-files '*.nix' >sources
while read -r source; do
	run_case "$source parses and has the layout of nixfmt" parses "$source"
done <sources
for flake in flake.nix iso/template/flake.nix; do
	run_case "the inputs of $flake are in no registry" inputs_need_no_registry "$TOP/$flake"
done
run_case "the flake has packages for both architectures" flake_is_for_both_architectures
run_case "a guest's facts are those of its configuration" facts_are_golden
while IFS=: read -r attribute sentence; do
	run_case "a guest is refused for $attribute" refuses "$attribute" "$sentence"
done <<'END'
rootByPartition:fileSystems."/" of the guest is /dev/disk/by-partlabel/root: the installer can give a new file system a label or a UUID, so name it /dev/disk/by-label/… or /dev/disk/by-uuid/… (only the layout gpt has names of partitions)
pygrubByPartition:fileSystems."/" of the guest is PARTLABEL=root: the installer can give a new file system a label or a UUID
otherByLabel:fileSystems."/data" of the guest is LABEL=data, which the layout bios does not make
rootByDevice:fileSystems."/" of the guest is /dev/vda1: the installer can give a new file system a label
swapByDevice:swapDevices of the guest has /dev/vda2: the installer gives
twoSwaps:has several partitions, and the installer makes one
noRoot:The guest has no fileSystems."/"
otherRoot:fileSystems."/" of the guest is btrfs: the layout bios makes it ext4
rootInMemory:fileSystems."/" of the guest is tmpfs
otherDisk:fileSystems."/data" of the guest is /dev/disk/by-label/data, which the layout bios does not make
otherStore:fileSystems."/nix/.ro-store" of the guest is nix-store, which the layout
noLoader:The guest has no boot loader that is known here
efiWithBios:boots by UEFI, for which the layout bios has no partition
notRemovable:set boot.loader.grub.efiInstallAsRemovable
grubOfHost:GRUB is written to /dev/vda, but the layout direct has no boot sector
noBootDisk:pygrub reads grub.cfg from the boot disk
grubNowhere:The guest's GRUB has the device "nodev", and no firmware starts it: set boot.loader.grub.device = "/dev/vda", or leave out the module that sets nodev (virtualisation/xen-domU.nix does)
limine:boot.loader.limine of the guest has a menu of its own, from which the installer cannot tell
refind:boot.loader.refind of the guest has a menu of its own
xbootldr:boot.loader.systemd-boot.xbootldrMountPoint of the guest is /boot/loader: the installer makes no XBOOTLDR
externalWithBios:boots by UEFI, for which the layout bios has no partition
autoRoot:boot.initrd.systemd.root of the guest is "gpt-auto"
grubById:The guest's GRUB is written to /dev/disk/by-id/virtio-root, and the installer knows the disk by the name
grubTwice:The guest's GRUB is written to /dev/vda, /dev/vdb, and the installer makes one disk
otherMenu:boot.loader.grub.mirroredBoots of the guest has a path other than /boot
rootInMapper:fileSystems."/" of the guest is /dev/mapper/root: the installer makes plain partitions, without LUKS, LVM and RAID
rootOnRaid:fileSystems."/" of the guest is /dev/md127: the installer makes plain partitions
encrypted:boot.initrd.luks.devices of the guest has cryptroot, for which its initrd would wait
encryptedAsList:boot.initrd.luks.devices of the guest has cryptroot
arrays:boot.swraid.mdadmConf of the guest has arrays
bootOnZfs:fileSystems."/boot" of the guest is zfs: the layout bios makes it ext4
resume:boot.resumeDevice of the guest is /dev/disk/by-label/swap, which the layout bios does not make
longLabel:fileSystems."/boot" of the guest has the label "twelve chars": a FAT label has 1 to 11 letters
oddLabel:fileSystems."/boot" of the guest has the label "a.b"
END
while IFS=: read -r attribute sentence; do
	run_case "mkGuestIso refuses $attribute" refuses "$attribute" "mkGuestIso: $sentence"
done <<'END'
noGuest:say one of configuration, flake and system: 0 are given
twoGuests:say one of configuration, flake and system: 2 are given
noName:flake is given: say which of its nixosConfigurations in name
noFragment:flake is "github:me/machines": a reference names a configuration
nameTwice:name is given, but it chooses out of a flake
noSuchName:the flake has no nixosConfigurations.mail: there are web
noLayout:the guest has no disk layout: say layout
noSuchLayout:there is no layout zfs: there are bios, direct, gpt, pygrub
cannotExtend:this nixpkgs cannot add layout and keys
noSuchFlavour:there is no flavour fat
leanBuilds:the lean ISO has no nixos-install
leanExits:in the lean ISO there is nothing to exit to
flakeWithLayout:nixos-install builds the flake as it is
systemBuilt:a system is built already, and nixos-install builds one
noFile:nixos-install reads the configuration from a file
END
run_case "settings can be written" write_files settings.nix
run_case "the live system's service can be written" write_files installer.nix
run_case "the host's guests can be evaluated" write_files guests.nix
run_case "guests that are refused can be evaluated" write_files refused-guests.nix
enough() { ((TAP_FAILED == 0)) || exit 0; }
enough
for file in made/*; do
	[[ $file == */@(facts.json|grub.cfg) ]] || run_case "${file#made/} is the golden file" is_golden "${file#made/}"
done
for name in guest-web guest-database guest-mail guest-shop; do
	run_case "systemd accepts $name.service" systemd_accepts "$name.service"
	run_case "the shell accepts $name's script" bash -nc "$(cat "made/$name-start")"
done
for name in guest-web guest-database; do
	run_case "$name.service exposes little" is_hardened "$name.service"
done
run_case "the layout pygrub rewrites a menu for pygrub" menu_is_repaired
for name in guest-installer guest-installer-builds; do
	run_case "systemd accepts $name.service" systemd_accepts "$name.service"
done
