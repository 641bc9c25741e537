#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# probe.sh — proves that no content is taken for a blank disk, and that looking writes nothing
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

MIB=$((1024 * 1024))
DISK=$SCRATCH/disk

blank() {
	rm -f "$DISK"
	truncate -s "${1:-1G}" "$DISK"
}

probe() {
	"$EFFECTS" probe "$DISK" "$@"
}

zeros_are_blank() {
	local size
	for size in 1K 64K 1440K 2949120 1G 300G; do
		blank "$size"
		has "$(probe)" table= signature= unreadable=
		lacks "$(probe)" nonzero
	done
}

random_bytes_are_data() {
	blank
	head -c 8M /dev/urandom | dd of="$DISK" conv=notrunc status=none
	[[ -z $(blkid -p "$DISK") ]]
	probe | grep -E '^nonzero=[0-9]$'
}

# one byte at each kind of sampled place
single_bytes_are_seen() {
	local offset
	for offset in 0 511 $((MIB - 1)) $((1024 * MIB - MIB)) $((1024 * MIB - 1)); do
		blank
		printf x | dd of="$DISK" bs=1 seek="$offset" conv=notrunc status=none
		probe | grep -Fx "nonzero=$offset"
	done
	# 65 gaps: a run of a 64th of the disk cannot hide between the samples
	blank
	head -c 17M /dev/zero | tr '\0' x | dd of="$DISK" bs=1M seek=500 conv=notrunc status=none
	probe | grep -E '^nonzero=5'
}

signatures_are_named() {
	blank
	mke2fs -Fqt ext4 -L somebody -U 01234567-89ab-4def-8123-456789abcdef "$DISK"
	has "$(probe)" signature=ext4 table= "label=disk somebody 01234567-89ab-4def-8123-456789abcdef"
	blank
	mkswap -q -L swapped "$DISK"
	has "$(probe)" signature=swap
	blank 64M
	mkfs.fat -n DRIVE -i 1234ABCD "$DISK" >/dev/null
	has "$(probe)" signature=vfat table= "label=disk DRIVE 1234-ABCD"
	blank
	printf '\x4c\x55\x4b\x53\xba\xbe\x00\x02' | dd of="$DISK" conv=notrunc status=none
	probe | grep -E '^nonzero=0$'
}

several_signatures_are_content() {
	blank
	mke2fs -Fqt ext4 "$DISK"
	# The start of a btrfs superblock: libblkid refuses to choose.
	printf '_BHRfS_M' | dd of="$DISK" bs=1 seek=$((65536 + 64)) conv=notrunc status=none
	[[ -z $(blkid -p "$DISK") ]]
	has "$(probe)" "signature=several signatures"
}

tables_and_labels_inside_are_seen() {
	blank
	sfdisk -q "$DISK" <<<$'label: dos\n2048,204800,83\n,,5\n,204800,83'
	mke2fs -Fqt ext4 -L first -E offset=$MIB "$DISK" 100M
	local logical
	logical=$(sfdisk --json "$DISK" | jq '.partitiontable.partitions[-1].start')
	mke2fs -Fqt ext2 -L inner -E offset=$((logical * 512)) "$DISK" 100M
	probe | grep -E '^label=disk1 first '
	probe | grep -E '^label=disk5 inner '
	has "$(probe)" table=dos signature=
}

labels_of_many_partitions_are_seen() {
	local i table='label: gpt'
	blank
	for i in {1..128}; do table+=$'\n,1M'; done
	sfdisk -q "$DISK" <<<"$table"
	for i in {1..128}; do
		truncate -s 1M "$SCRATCH/part"
		mkswap -q -L "swap-$i" "$SCRATCH/part"
		dd if="$SCRATCH/part" of="$DISK" bs=64K count=1 seek=$((i * 16)) conv=notrunc status=none
	done
	probe >"$SCRATCH/found"
	for i in {1..128}; do
		grep "^label=disk$i swap-$i " "$SCRATCH/found"
	done
}

# sfdisk is the oracle.
partitions_have_names() {
	local loop sector uuid
	for sector in 512 4096; do
		blank 2G
		"$EFFECTS" partition gpt "$DISK" "$sector"
		loop=$(attach "$DISK" --sector-size "$sector")
		sfdisk -q --part-label "$loop" 2 'disk main'
		uuid=$(sfdisk --part-uuid "$loop" 2 | tr A-F a-f)
		losetup -d "$loop"
		[[ $("$EFFECTS" name "$DISK" $((2 * 1048576))) == "'disk main' '$uuid'" ]]
		[[ $("$EFFECTS" name "$DISK" $((3 * 1048576))) == "'' ''" ]]
	done
	blank 2G
	sfdisk -q "$DISK" <<<$'label: dos\nlabel-id: 0x1234abcd\nstart=2048'
	[[ $("$EFFECTS" name "$DISK" 1048576) == "'' '1234abcd-01'" ]]
	blank 2G
	[[ $("$EFFECTS" name "$DISK" 0) == "'' ''" ]]
}

backup_gpt_is_a_table() {
	blank
	sfdisk -q "$DISK" <<<$'label: gpt\n,100M'
	dd if=/dev/zero of="$DISK" bs=1M count=1 conv=notrunc status=none
	[[ -z $(blkid -p "$DISK") ]]
	has "$(probe)" table=gpt
}

large_sectors_backup_gpt() {
	blank 2G
	"$EFFECTS" partition gpt "$DISK" 4096
	has "$("$EFFECTS" probe "$DISK" 4096)" table=gpt
	# From here on everything but the table at the end is zero.
	dd if=/dev/zero of="$DISK" bs=1M count=1 conv=notrunc status=none
	dd if=/dev/zero of="$DISK" bs=1M seek=514 count=1 conv=notrunc status=none
	has "$("$EFFECTS" probe "$DISK" 4096)" table=gpt
}

partition_beyond_the_end_is_no_error() {
	blank 2G
	sfdisk -q "$DISK" <<<$'label: dos\n2048,100M\n,,83'
	truncate -s 200M "$DISK"
	has "$(probe)" table=dos unreadable=
}

marks_are_read() {
	blank 2G
	"$EFFECTS" partition gpt "$DISK"
	has "$(probe)" "mark=gpt 1"
	printf '\1' | dd of="$DISK" bs=1 seek=$((514 * MIB + 100)) conv=notrunc status=none
	has "$(probe)" "mark=gpt 3"
}

looking_writes_nothing() {
	local before
	blank 2G
	"$EFFECTS" partition gpt "$DISK"
	"$EFFECTS" format gpt "$DISK"
	chmod 400 "$DISK"
	before=$(stat -c '%Y %Z' "$DISK")
	probe >/dev/null
	[[ $(stat -c '%Y %Z' "$DISK") == "$before" ]]
}

unreadable_is_told() {
	rm -f "$DISK"
	probe 512 | grep -F "unreadable=No such file or directory"
	fails_with 0 "open the image file $DISK" probe
	fails_with 2 "neither an image file nor a whole disk" "$EFFECTS" probe /dev/null
}

# A disk without a part of what it says that it has.
read_errors_are_told() {
	need_root
	local loop
	blank
	loop=$(attach "$DISK")
	truncate -s 700M "$DISK"
	"$EFFECTS" probe "$loop" 512 | tee "$SCRATCH/found"
	grep -Fx "unreadable=Input/output error" "$SCRATCH/found"
	losetup -d "$loop"
}

foreign_sizes_in_images() {
	blank
	has "$(probe)" "name=disk path=$DISK size=1073741824 sector=512 serial= image_file"
	need_root
	local loop
	loop=$(attach "$DISK")
	has "$(probe)" "used_by=held by ${loop#/dev/}"
	losetup -d "$loop"
}

run_case "zeros of any size are blank" zeros_are_blank
run_case "random bytes are data, though blkid finds nothing" random_bytes_are_data
run_case "single bytes in the first and last MiB, and runs between, are seen" single_bytes_are_seen
run_case "file systems and swap are named, with their labels" signatures_are_named
run_case "several signatures are content" several_signatures_are_content
run_case "labels inside partitions are read without nodes, logical ones too" tables_and_labels_inside_are_seen
run_case "labels inside a hundred partitions are read" labels_of_many_partitions_are_seen
run_case "partitions have the names and UUIDs of the table" partitions_have_names
run_case "a backup GPT alone is a table" backup_gpt_is_a_table
run_case "a backup GPT in 4096-byte sectors is a table" large_sectors_backup_gpt
run_case "a partition beyond the disk's end is no error" partition_beyond_the_end_is_no_error
run_case "marks are read, damaged ones too" marks_are_read
run_case "looking writes nothing" looking_writes_nothing
run_case "what cannot be read is told" unreadable_is_told
run_case "what cannot be read in part is told" read_errors_are_told
run_case "an image file behind a loop device is in use" foreign_sizes_in_images
