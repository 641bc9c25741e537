#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# drives.sh — proves that key drives and cloud-init's drives are found on every bus and read from every
# file system, that the medium is found wherever it hangs, and that a missing medium is named
#
# Each start ends with a refusal that names what was read, so that one start tests many drives.
#
# Modules: input/key_drive, input/cloud_drive, input/config_sources, init/floppy, init/settle,
# init/iso_medium.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

# drive FILE DEVICE — QEMU's arguments for a read-only drive of its own; DEVICE takes it.
drive() {
	local id=${1%.*}
	printf '%s\n' -drive "if=none,id=$id,format=raw,readonly=on,file=$1" -device "$2,drive=$id"
}

fatimage() {
	truncate -s 2M "$1"
	mkfs.fat -n KEYS "$1" >/dev/null
	mcopy -i "$1" "${@:2}" ::
}

# A table with one FAT partition, as a stick has it.
stick() {
	truncate -s 4M "$1"
	sfdisk -q "$1" <<<$'label: dos\n2048,,e'
	mkfs.fat --offset 2048 "$1" 3072 >/dev/null
	mcopy -i "$1@@1M" "${@:2}" ::
}

# As Windows partitions a disk, a reserved partition first. The label is in the boot sector alone, where
# fatlabel(8) of some versions writes it.
secondpartition() {
	truncate -s 6M "$1"
	sfdisk -q "$1" <<<$'label: gpt\n2048,2048,E3C9E316-0B5C-4DB8-817D-F92DF00215AE\n4096,,EBD0A0A2-B9E5-4433-87C0-68B6B72699C7'
	mkfs.fat -F 12 --offset 4096 "$1" 3072 >/dev/null
	printf '%-11s' "$2" | dd of="$1" bs=1 seek=$((2 * MIB + 43)) conv=notrunc status=none
	mcopy -s -i "$1@@2M" "${@:3}" ::
}

isoimage() {
	xorriso -as mkisofs -quiet "${@:3}" -o "$1" "$2" 2>messages
}

# startwith DEVICE [QEMU ARGUMENT]… — the installer from its kernel on, with the medium on a device of QEMU.
startwith() {
	local medium=()
	[[ ! $1 ]] || medium=(-drive "if=none,id=medium,format=raw,readonly=on,file=$(qemu_quote "$ISO")"
	-device "$1,drive=medium")
	run_machine console 240 -kernel "$boot/vmlinux" -initrd "$boot/initrd.img" \
		-append "$(cat "$boot/command-line") mitigations=off ${more-}" "${@:2}" "${medium[@]}"
}

# cdroms and disks of seven controllers; every one is a key drive, so the refusal names them all.
key_drives_on_every_bus() {
	blank_disk disk 2G
	mkdir keys
	cp key.pub keys/authorized_keys
	fatimage fat.img key.pub
	stick partition.img key.pub
	isoimage joliet.iso keys -V JOLIET -J
	isoimage rockridge.iso keys -V ROCKRIDGE -r
	isoimage plain.iso keys -V PLAIN
	genisoimage -quiet -udf -V UDF -o udf.iso keys
	cp fat.img uhci.img
	cp fat.img ehci.img
	cp joliet.iso xhci.iso
	cp fat.img uas.img
	mapfile -t arguments < <(
		disk disk
		drive fat.img virtio-blk-pci
		drive joliet.iso ide-cd,bus=ide.0
		printf '%s\n' -device virtio-scsi-pci
		drive partition.img scsi-hd
		printf '%s\n' -device ahci,id=ahci
		drive rockridge.iso ide-cd,bus=ahci.0
		drive udf.iso ide-cd,bus=ahci.1
		printf '%s\n' -device piix3-usb-uhci,id=uhci -device usb-ehci,id=ehci -device qemu-xhci,id=xhci
		drive uhci.img usb-storage,bus=uhci.0
		drive ehci.img usb-storage,bus=ehci.0
		printf '%s\n' -device usb-bot,id=bot,bus=xhci.0
		drive xhci.iso scsi-cd,bus=bot.0
		printf '%s\n' -device usb-uas,id=uas,bus=xhci.0
		drive uas.img scsi-hd,bus=uas.0
	)
	startwith ide-cd,bus=ahci.2 "${arguments[@]}"
	expect_refusal console 20 disks 'There are 9 key drives, and only one is read: '
	last_line console | tee line
	[[ $(grep -o '(vfat)' line | wc -l) == 5 ]]
	[[ $(grep -o '(iso9660)' line | wc -l) == 3 ]]
	[[ $(grep -o '(udf)' line | wc -l) == 1 ]]
	grep -E '/dev/sd[a-z]1 \(vfat\)' line
	expect_unchanged disk
}

# The floppy drive is read last. The medium is a USB disk for UAS, as an ISO written to an external SSD is.
a_floppy_gives_settings_and_keys() {
	blank_disk disk 2G
	echo 'layout = bios' >guest-installer.conf
	truncate -s 1440K floppy.img
	mkfs.fat floppy.img >/dev/null
	mcopy -i floppy.img key.pub guest-installer.conf ::
	mapfile -t arguments < <(disk disk)
	startwith scsi-hd,bus=uas.0 "${arguments[@]}" -device qemu-xhci -device usb-uas,id=uas \
		-drive if=floppy,format=raw,readonly=on,file=floppy.img
	expect_refusal console 2 target 'layout = bios, but the guest is built for the layout gpt'
	grep -a 'key drive: /dev/fd0 (vfat)' console
	grep -a 'keys: 1' console
	grep -aE 'medium: /dev/sd' console
	expect_unchanged disk
}

# A cidata drive that is the key drive too, and OpenStack's drive. The medium is a USB cdrom on an old bus.
iso_drives_give_settings_keys_host_keys_and_files() {
	blank_disk disk 2G
	mkdir -p seed config/openstack/latest
	ssh-keygen -q -t ed25519 -N '' -C '' -f seed/ssh_host_ed25519_key
	cp key.pub seed/me.pub
	echo age >seed/file-1
	printf '%s\n' 'files = /var/lib/age.txt=drive:file-1' 'host-keys = drive' >seed/guest-installer.conf
	printf 'instance-id: one\nlocal-hostname: a\n' >seed/meta-data
	newkey clouded >/dev/null
	cat >seed/user-data <<-END
		#cloud-config
		guest-installer:
		  layout: bios
		ssh_authorized_keys: ['$(cat clouded.pub)']
	END
	jq -n --arg key "$(newkey nova)" '{uuid: "u", hostname: "o.novalocal", public_keys: {a: $key}}' \
		>config/openstack/latest/meta_data.json
	printf '#cloud-config\nssh_authorized_keys: ["%s"]\nguest-installer: {layout: pygrub}\n' \
		"$(newkey user)" >config/openstack/latest/user_data
	isoimage seed.iso seed -V CIDATA -J -r
	secondpartition config.img config-2 config/openstack
	mapfile -t arguments < <(
		disk disk
		printf '%s\n' -device piix3-usb-uhci -device usb-bot,id=cdrom -device virtio-scsi-pci,id=scsi
		drive seed.iso ide-cd,bus=ide.1
		drive config.img scsi-hd,bus=scsi.0
	)
	startwith scsi-cd,bus=cdrom.0 "${arguments[@]}"
	expect_refusal console 2 target 'layout = bios, but the guest is built for the layout gpt'
	grep -a 'keys: 4' console
	grep -a 'host keys: ssh_host_ed25519_key is given' console
	grep -aE 'medium: /dev/sr[0-2]' console
	grep -aE 'key drive: /dev/sr[0-2] \(iso9660\)' console
	grep -aE 'cidata drive: /dev/sr[0-2] \(iso9660\)' console
	grep -aE 'config-2 drive: /dev/sd[a-z]2 \(vfat\)' console
	expect_unchanged disk
}

# What is attached instead is named. The disk was not written to.
a_missing_medium_is_named() {
	blank_disk disk 2G
	give_keys
	isoimage other.iso keys -V OTHER -r
	mapfile -t arguments < <(disk disk && drive other.iso ide-cd,bus=ide.1)
	startwith '' "${arguments[@]}"
	expect_refusal console 42 closure 'The medium that the installer was started from, an ISO 9660 file system with the label GUEST_INSTALLER, was not found among '
	last_line console | grep -F 'vda (no file system)'
	last_line console | grep -F 'sr0 (iso9660, label OTHER)'
	expect_unchanged disk
}

take_boot_files
run_tests "${BASH_SOURCE[0]}"
