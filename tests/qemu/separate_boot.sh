#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# separate_boot.sh — proves that a guest with a partition for /boot, of ext4 beside an EFI system partition, is
# installed, boots and lets its owner in; that the command verify accepts it, and refuses it without its
# kernel; and that the guest writes its next menu there. With LONG=1 also a guest with a FAT /boot on a disk
# for BIOS.
#
# Modules: plan/planner, plan/labels, format/target_mount, verify/installed_disk.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # the guest expands; the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

# install_it NAME DISK
install_it() {
	"$TOP/qemu/first-run" --disk "$2" --size 3G --cores 1 --iso "$ISO" --key key.pub --direct \
		--set "manifest=file:///medium/guest-$1.json" --timeout 1500
}

# boot_has DISK NUMBER TYPE LABEL — this partition is a sound file system of that type, with the kernel.
boot_has() {
	local start size
	read -r start size < <(place "$1" "$2")
	dd if="$1" of=boot.img bs=512 skip="$start" count="$size" conv=sparse status=none
	[[ $(blkid -p -o value -s TYPE boot.img) == "$3" && $(blkid -p -o value -s LABEL boot.img) == "$4" ]]
	if [[ $3 == vfat ]]; then
		fsck.vfat -n boot.img
		mdir -b -i boot.img ::/kernels | grep -F bzImage
	else
		e2fsck -fn boot.img
		debugfs -R 'ls -p /kernels' boot.img 2>messages | grep -F bzImage
	fi
	rm boot.img
}

# place DISK NUMBER — start and size of a partition, in sectors.
place() {
	sfdisk --json "$1" | jq -r --argjson number "$2" \
		'.partitiontable.partitions[$number - 1] | "\(.start) \(.size)"'
}

# was_booted NAME ROOT BOOT-PARTITION TYPE
was_booted() {
	was_booted_by_grub "$1" "$2"
	[[ $(in_guest 'findmnt -no SOURCE,FSTYPE /boot') == "$3 $4" ]]
}

the_guest_writes_its_next_menu() {
	local system
	system=$(readlink "$TOP/build/sample-boot")
	in_guest "ln -s $system /nix/var/nix/profiles/system-2-link &&
		ln -sfn system-2-link /nix/var/nix/profiles/system && $system/bin/switch-to-configuration boot"
	in_guest cat /boot/grub/grub.cfg | grep -F 'NixOS - Configuration 2'
}

verify_accepts_it() {
	verified 0 "^system: $(readlink "$TOP/build/sample-boot")$" true
	grep -Fx 'layout: gpt' said
}

verify_refuses_it_without_its_kernel() {
	in_guest 'mount /dev/vdb4 /mnt && rm /mnt/kernels/*bzImage && umount /mnt'
	verified 41 bzImage true
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "a guest with /boot and an EFI system partition is installed" install_it boot ext4.raw
enough
run_case "its /boot is a sound ext4 partition" boot_has ext4.raw 4 ext4 boot
run_case "a copy is made for the guest" copy_for_the_guest ext4.raw
start_guest ext4.raw --firmware uefi --disk copy.raw
run_case "it boots by UEFI and lets its owner in" guest_lets_in
enough
run_case "GRUB booted it, and /boot is mounted" was_booted boot /dev/vda3 /dev/vda4 ext4
run_case "the guest takes the copy and the installer" the_guest_takes_the_copy /boot/efi
run_case "the command verify accepts it" verify_accepts_it
run_case "the command verify refuses it without its kernel" verify_refuses_it_without_its_kernel
run_case "it writes its next menu to /boot" the_guest_writes_its_next_menu
press_the_power_button
run_case "the power button ended it" guest_ended_well
the_rest_is_long
rm -f ext4.raw copy.raw known_hosts
run_case "a BIOS guest with a FAT /boot is installed" install_it boot-fat fat.raw
enough
run_case "its /boot is a sound FAT partition" boot_has fat.raw 2 vfat BOOT
start_guest fat.raw
run_case "it boots and lets its owner in" guest_lets_in
enough
run_case "GRUB booted it, and /boot is mounted" was_booted boot-fat /dev/vda1 /dev/vda2 vfat
press_the_power_button
run_case "the power button ended it" guest_ended_well
