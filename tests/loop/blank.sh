#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# blank.sh — proves that only zeros count as blank: every disk with data is refused, also one whose
# table and first sectors are lost, as an image file and as a block device (disk/blank.h)
#
# The data is made by the tools of its own makers.
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

DISK=$SCRATCH/disk
MIB=$((1024 * 1024))

blank_disk() {
	rm -f "$DISK"
	truncate -s "${1:-1G}" "$DISK"
}

judge() {
	"$EFFECTS" judge "$@" | tee "$SCRATCH/judged"
}

# as_device COMMAND… — with a block device that has DISK behind it as last argument.
as_device() {
	local loop status=0
	loop=$(attach "$DISK")
	"$@" "$loop" || status=$?
	losetup -d "$loop"
	return "$status"
}

# is_judged VERDICT PATTERN — DISK as a file and as a device.
is_judged() {
	judge "$DISK" && grep -Eq "^$1: .*$2" "$SCRATCH/judged"
	as_device judge && grep -Eq "^$1: .*$2" "$SCRATCH/judged"
}

# lose FIRST COUNT — so many sectors from there on become zeros.
lose() {
	dd if=/dev/zero of="$DISK" bs=512 seek="$1" count="$2" conv=notrunc status=none
}

# put FILE OFFSET — the content of a file, at an offset in MiB.
put() {
	dd if="$1" of="$DISK" bs=1M seek="$2" conv=notrunc,sparse status=none
}

with_table() {
	blank_disk
	sfdisk -q "$DISK" <<<"$1"
	mke2fs -Fqt ext4 -L precious -E "offset=$2" "$DISK" 100M
}

zeros_are_blank() {
	need_root
	local size
	for size in 64M 321M 1G 8G 300G; do
		blank_disk "$size"
		is_judged taken 'is blank'
	done
	blank_disk 400M
	dd if=/dev/zero of="$DISK" bs=1M count=400 conv=notrunc status=none
	is_judged taken 'is blank'
	fallocate -l 500M "$DISK"
	is_judged taken 'is blank'
}

lost_first_sector() {
	need_root
	with_table $'label: dos\n2048,,83' $MIB
	lose 0 1
	[[ -z $(blkid -p "$DISK") ]]
	is_judged refused "holds an ext4 file system labelled precious at byte $MIB and no partition table"
}

lost_first_mib() {
	need_root
	with_table $'label: gpt\n2048' $MIB
	lose 0 2048
	is_judged refused 'holds a partition table \(GPT\) with disk1 labelled precious'
	lose $((2 * 1024 * 1024 - 33)) 33
	is_judged refused "labelled precious at byte $MIB"
}

lost_table_of_old_systems() {
	need_root
	with_table $'label: dos\nunit: sectors\n63,,83' $((63 * 512))
	lose 0 1
	is_judged refused "labelled precious at byte $((63 * 512))"
}

file_system_at_an_unusual_place() {
	need_root
	local at
	for at in 3 5 77; do
		blank_disk
		mke2fs -Fqt ext4 -L precious -E "offset=$((at * MIB))" "$DISK" 100M
		is_judged refused "holds (an ext4 file system labelled precious|data \(at byte)"
	done
}

random_bytes_are_data() {
	need_root
	blank_disk
	head -c 100M /dev/urandom >"$SCRATCH/random"
	put "$SCRATCH/random" 2
	[[ -z $(blkid -p "$DISK") ]]
	is_judged refused "holds data \(at byte 20971"
}

# offsets in bytes; on a device everything in the first 256 and the last 64 MiB is read
single_bytes_are_data() {
	need_root
	local offset
	for offset in 0 511 4095 4096 $((256 * MIB - 1)) $((1024 * MIB - 64 * MIB)) $((1024 * MIB - 1)); do
		blank_disk
		printf x | dd of="$DISK" bs=1 seek="$offset" conv=notrunc status=none
		is_judged refused "holds data \(at byte $offset\)"
	done
	# Between, every allocated block of a file is read.
	blank_disk 8G
	printf x | dd of="$DISK" bs=1 seek=5000000001 conv=notrunc status=none
	judge "$DISK" | grep -F 'refused: holds data (at byte 5000000001)'
}

# 8 GiB in 1,025 gaps: no run of 8 MiB lies between two samples.
runs_between_are_data() {
	need_root
	local at
	head -c 8M /dev/urandom >"$SCRATCH/random"
	for at in 256 3000 7777 8119; do
		blank_disk 8G
		put "$SCRATCH/random" "$at"
		is_judged refused 'holds data'
	done
}

only_a_backup_gpt() {
	need_root
	blank_disk
	sgdisk -n 1:2048:+100M "$DISK" >/dev/null
	lose 0 2048
	[[ -z $(blkid -p "$DISK") ]]
	is_judged refused 'holds a partition table \(GPT\)'
}

# kind_is_data KIND PATTERN — on the whole disk, and at 1 MiB of a disk without a table.
kind_is_data() {
	need_root
	local part=$SCRATCH/part loop
	rm -f "$part"
	truncate -s 320M "$part"
	case $1 in
	ext4) mke2fs -Fqt ext4 "$part" ;;
	xfs) mkfs.xfs -q "$part" ;;
	swap) mkswap -q "$part" ;;
	vfat) mkfs.fat -n DATA "$part" >/dev/null ;;
	luks) printf key | cryptsetup -q luksFormat --type luks2 --pbkdf pbkdf2 \
		--pbkdf-force-iterations 1000 "$part" - ;;
	lvm)
		loop=$(attach "$part")
		pvcreate -qq -y --config 'devices{use_devicesfile=0}' "$loop"
		losetup -d "$loop"
		;;
	squashfs) mksquashfs "$TOP/tests/loop" "$part" -noappend -quiet -no-progress >/dev/null ;;
	esac
	blank_disk
	put "$part" 0
	is_judged refused "holds $2"
	blank_disk
	put "$part" 1
	is_judged refused "holds $2 at byte $MIB and no partition table"
}

# A RAID array of one disk keeps its record behind the data: here that is all that is left.
record_at_the_end_is_data() {
	need_root
	blank_disk
	printf '\xfc\x4e\x2b\xa9\x01\0\0\0' |
		dd of="$DISK" bs=1 seek=$((1024 * MIB - 8192)) conv=notrunc status=none
	is_judged refused 'holds'
}

run_case "zeros are blank, of any size, sparse or written" zeros_are_blank
run_case "a disk that lost its first sector is refused" lost_first_sector
run_case "a disk that lost its first MiB is refused, with and without its backup table" lost_first_mib
run_case "a disk of an old system that lost its table is refused" lost_table_of_old_systems
run_case "a file system without a table at any place is refused" file_system_at_an_unusual_place
run_case "random bytes are data, though blkid finds nothing" random_bytes_are_data
run_case "a single byte is data wherever it is read" single_bytes_are_data
run_case "runs between the samples are data" runs_between_are_data
run_case "a backup table alone is data" only_a_backup_gpt
run_case "a record at the end alone is data" record_at_the_end_is_data
run_case "an ext4 is data" kind_is_data ext4 'an ext4 file system'
run_case "an XFS is data" kind_is_data xfs 'an xfs file system'
run_case "swap space is data" kind_is_data swap 'swap space'
run_case "a FAT is data" kind_is_data vfat '(a FAT file system labelled DATA|a partition table)'
run_case "a LUKS container is data" kind_is_data luks 'a LUKS container'
run_case "an LVM volume is data" kind_is_data lvm 'an LVM physical volume'
run_case "a squashfs is data" kind_is_data squashfs 'a squashfs file system'
