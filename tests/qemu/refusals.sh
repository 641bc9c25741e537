#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# refusals.sh — proves that a machine with no unambiguous target, and a guest that would not boot or would
# accept no login, are refused with code and reason, and that nothing is written to the disks
#
# One machine runs all cases (refusals-init). Other files prove that the installer refuses as PID 1.
# Modules: input/unused_configuration.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2154,SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

DISKS=(filesystem blank other readonly small)
DRIVES=(keys private colour signer layout nowhere part home locked nix uefi)

# drive NAME [SETTING]… — the folder of a key drive.
drive() {
	rm -rf keys
	give_keys "${@:2}"
	[[ $1 == keys ]] || mv keys "$1"
}

# with_manifest NAME FILTER — a key drive that names the manifest of the default guest, changed by jq.
with_manifest() {
	mkdir -p root/etc
	jq "$2" "$TOP/build/guest.json" >"root/etc/$1.json"
	drive "$1" "manifest = file:///etc/$1.json"
}

make_disks() {
	local name
	for name in "${DISKS[@]}"; do truncate -s 1600M "$name.raw"; done
	truncate -s 1G small.raw
	mkfs.ext4 -q -L precious filesystem.raw
	for name in "${DISKS[@]}"; do fingerprint "$name.raw"; done >before
	nix-store --generate-binary-cache-key guest-installer-sample-1 secret public
	drive private
	cp key private/innocent.pub
	drive colour 'colour = red'
	drive nix
	echo '{ }' >nix/configuration.nix
	drive signer "trusted-keys = $(cat public)"
	drive layout 'layout = bios'
	drive uefi 'manifest = file:///medium/guest-systemd-boot.json'
	with_manifest nowhere '.bootloader.device = "nodev"'
	with_manifest part '.bootloader.device = "/dev/disk/by-id/x"'
	with_manifest home '.mounts += [{path: "/home", fstype: "ext4", label: "home"}]'
	with_manifest locked '.ssh.enabled = false'
	drive keys
}

write_cases() {
	cat <<-'END'
		file-system filesystem keys
		two-blank blank other keys
		no-key-drive blank
		private-key blank private
		unknown-setting blank colour
		another-signer blank signer
		another-configuration blank nix
		no-disk keys
		read-only readonly keys
		too-small small keys
		another-layout blank layout
		another-firmware blank uefi
		boot-loader-nowhere blank nowhere
		boot-loader-on-no-whole-disk blank part
		no-partition-for-a-mount blank home
		no-ssh-server blank locked
	END
}

runs_all_cases() {
	local name arguments=()
	mkdir -p root/bin
	install -m 755 "$TOP/tests/qemu/refusals-init" root/init
	cp "$TOP/build/guest-installer" root/bin/
	write_cases >root/cases
	overlay initrd root
	for name in "${DISKS[@]}"; do
		arguments+=(-drive "if=none,id=$name,format=raw,file=$name.raw$([[ $name != readonly ]] || echo ,readonly=on)$(past_the_page_cache)"
		-device "virtio-blk-pci,drive=$name,serial=$name")
	done
	for name in "${DRIVES[@]}"; do
		arguments+=(-drive "if=none,id=$name,format=raw,readonly=on,file=fat:floppy:$name"
			-device "virtio-blk-pci,drive=$name,serial=$name")
	done
	initrd=initrd run_installer console "${arguments[@]}"
	tr -d '\r' <console >lines
	[[ $(grep -c '^<<< ' lines) == "$(write_cases | wc -l)" ]] || { cat lines console.messages && return 1; }
}

# refused CASE CODE STAGE PATTERN — the host tools read the same code.
refused() {
	local code=0
	sed -n "/^>>> $1\$/,/^<<< /p" lines >said
	cat said
	[[ $(tail -n 1 said) == "<<< $2" ]]
	last_line said | grep -Eqx -- "INSTALL_FAILED code=$2 stage=$3 .*$4.*"
	expect_successes said 0
	judge said >judged || code=$?
	[[ $code == "$2" ]] || { cat judged && return 1; }
}

nothing_was_written() {
	local name
	for name in "${DISKS[@]}"; do fingerprint "$name.raw"; done | diff before -
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "disks and key drives can be made" make_disks
run_case "the machine runs all cases" runs_all_cases
enough
run_case "a disk with a file system is kept" refused file-system \
	12 target 'vda .*holds an ext4 file system labelled precious \[disk=[^ ]* wipe=.*use the setting in brackets'
run_case "two blank disks are one too many" refused two-blank 11 target 'vda .*is blank \[disk=[^;]*; vdb .*is blank.*Name one with disk=/dev/NAME'
run_case "no key drive is no guest" refused no-key-drive 20 keys 'No SSH key was found'
run_case "a private key is refused by its file's name" refused private-key \
	20 keys 'innocent\.pub.*private key'
run_case "an unknown setting is told with its file" refused unknown-setting \
	2 configuration 'guest-installer\.conf on the key drive:1: .*"colour"'
run_case "a configuration that would be ignored is refused" refused another-configuration \
	2 closure 'configuration\.nix was given, .*leave it out, or use an ISO that builds systems'
run_case "a cache signed by another is refused" refused another-signer 41 closure '/nix/store/.*sign'
run_case "a machine without a disk is refused" refused no-disk 10 target 'vda .*is the key drive'
run_case "a read-only disk is refused" refused read-only 10 target 'vda .*is read-only'
run_case "a small disk is refused" refused too-small 14 target 'vda .*is too small'
run_case "a layout that the guest is not built for is refused" refused another-layout \
	2 target 'layout = bios, but the guest is built for the layout gpt'
run_case "a guest that this firmware does not boot is refused" refused another-firmware \
	2 plan 'started by BIOS, but the guest boots by UEFI only: start it by UEFI'
run_case "a boot loader that goes nowhere is refused" refused boot-loader-nowhere \
	2 plan 'GRUB has the device nodev: set the guest.s boot\.loader\.grub\.device to /dev/vda'
run_case "a boot loader that goes to no whole disk is refused" refused boot-loader-on-no-whole-disk \
	2 plan 'GRUB is written to /dev/disk/by-id/x, but the disk is /dev/vda: set'
run_case "a mount that the layout does not have is refused" refused no-partition-for-a-mount \
	2 plan 'mounts /home, but the layout gpt has no partition for it: take'
run_case "a guest without an SSH server is refused" refused no-ssh-server \
	2 plan 'no SSH server, so no one could log in .*: enable one .* keys = none'
run_case "nothing was written" nothing_was_written
