#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# partition.sh — proves that the table on the disk is the plan's, and that nothing older is left
#
# Judged by sfdisk, blkid and wipefs; on image files, and on a loop device with large sectors.
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

MIB=$((1024 * 1024))
ROOT_GPT=$((514 * MIB))

# new_image NAME SIZE — prints the path of an empty image file.
new_image() {
	rm -f "$SCRATCH/$1"
	truncate -s "$2" "$SCRATCH/$1"
	echo "$SCRATCH/$1"
}

gpt_is_as_planned() {
	local image json
	image=$(new_image gpt 4G)
	"$EFFECTS" partition gpt "$image"
	sfdisk --verify "$image"
	json=$(sfdisk --json "$image")
	jq -e '.partitiontable | .label == "gpt" and .sectorsize == 512 and
		.id == "66666666-6666-4666-8666-666666666666" and (.partitions | length) == 3' <<<"$json"
	jq -e '[.partitiontable.partitions[] | [.start, .size, .type, .uuid, .name]] == [
		[2048, 2048, "21686148-6449-6E6F-744E-656564454649", "11111111-1111-4111-8111-111111111111", "bios"],
		[4096, 1048576, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "22222222-2222-4222-8222-222222222222", "esp"],
		[1052672, 7333888, "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "33333333-3333-4333-8333-333333333333", "root"]]' \
		<<<"$json"
	sgdisk --verify "$image" | grep -q "No problems found"
}

mbr_is_as_planned() {
	local image
	image=$(new_image mbr 2G)
	"$EFFECTS" partition bios "$image"
	sfdisk --verify "$image"
	sfdisk --json "$image" | jq -e '.partitiontable | .label == "dos" and .id == "0x12ab34cd" and
		[.partitions[] | [.start, .size, .type, .bootable]] == [[2048, 4190208, "83", true]]'
}

large_sectors_are_honoured() {
	local image
	image=$(new_image large 4G)
	"$EFFECTS" partition gpt "$image" 4096
	need_root
	local loop
	loop=$(attach "$image" --sector-size 4096)
	sfdisk --json "$loop" | jq -e '.partitiontable | .sectorsize == 4096 and
		[.partitions[] | [.start, .size]] == [[256, 256], [512, 131072], [131584, 916736]]'
	"$EFFECTS" probe "$loop" 4096 | grep -Fx table=gpt
	losetup -d "$loop"
	# The same through the device: the kernel here shows no partitions, the table is written.
	truncate -s 0 "$image" && truncate -s 4G "$image"
	loop=$(attach "$image" --sector-size 4096)
	"$EFFECTS" partition gpt "$loop" 4096 || true
	sfdisk --json "$loop" | jq -e '.partitiontable.partitions | length == 3'
	losetup -d "$loop"
}

wrong_sectors_are_refused() {
	local image loop
	need_root
	image=$(new_image wrong 1G)
	loop=$(attach "$image" --sector-size 4096)
	fails_with 0 "sectors of 4096 bytes, the plan counts on 512" "$EFFECTS" partition gpt "$loop" 512
	losetup -d "$loop"
}

old_content_is_gone() {
	local image
	image=$(new_image old 4G)
	# An MBR disk with an ext4 at 1 MiB, a FAT where the new ESP begins, and a whole-disk swap
	# signature would all be found again.
	mke2fs -Fqt ext4 -L stale -E offset=$MIB "$image" 512M
	mkfs.fat -F 16 --offset 4096 -n OLDESP "$image" 65536 >/dev/null
	sfdisk -q "$image" <<<$'label: dos\n2048,,83'
	"$EFFECTS" partition gpt "$image"
	[[ -z $(blkid -p -o value -s TYPE -O $MIB -S $MIB "$image") ]]
	[[ -z $(blkid -p -o value -s TYPE -O $((2 * MIB)) -S $((512 * MIB)) "$image") ]]
	[[ $(wipefs --noheadings -O TYPE "$image" | sort -u | xargs) == "PMBR gpt" ]]
}

# A RAID's mark that lies neither near the start of anything nor in the last MiB.
far_signature_is_gone() {
	local image
	image=$(new_image far 2G)
	printf 'Promise Technology, Inc.' |
		dd of="$image" bs=1 seek=$((2048 * MIB - 3087 * 512)) conv=notrunc status=none
	[[ $(wipefs --noheadings -O TYPE "$image") == promise_fasttrack_raid_member ]]
	"$EFFECTS" partition bios "$image"
	[[ $(wipefs --noheadings -O TYPE "$image" | xargs) == dos ]]
}

backup_gpt_is_gone() {
	local image
	image=$(new_image backup 2G)
	"$EFFECTS" partition gpt "$image"
	[[ $(wipefs --noheadings -O TYPE "$image" | wc -l) == 3 ]]
	"$EFFECTS" partition bios "$image"
	[[ $(wipefs --noheadings -O TYPE "$image" | xargs) == dos ]]
	cmp -n $MIB <(tail -c $MIB "$image") /dev/zero
}

mark_stays_and_others_go() {
	local image
	image=$(new_image marks 2G)
	"$EFFECTS" partition gpt "$image"
	"$EFFECTS" probe "$image" | grep -Fx "mark=gpt 1"
	"$EFFECTS" partition bios "$image"
	has "$("$EFFECTS" probe "$image")" "mark=bios 1" table=dos
	lacks "$("$EFFECTS" probe "$image")" mark=gpt
	cmp -n 1024 -i $ROOT_GPT:0 "$image" /dev/zero
}

same_plan_same_bytes() {
	local a b
	a=$(new_image one 2G)
	b=$(new_image two 2G)
	"$EFFECTS" partition gpt "$a"
	head -c 3M /dev/urandom | dd of="$b" conv=notrunc status=none
	"$EFFECTS" partition gpt "$b"
	# Beyond the first MiB of a partition old bytes may stay.
	cmp -n $((3 * MIB)) "$a" "$b"
	cmp <(tail -c $MIB "$a") <(tail -c $MIB "$b")
}

mounted_partition_is_told() {
	local image loop
	need_root
	image=$(new_image busy 1G)
	loop=$(attach "$image")
	# A loop device without partitions cannot be read again: the sentence has to say so.
	fails_with 0 "$loop: have the kernel read the new partition table" "$EFFECTS" partition bios "$loop"
	losetup -d "$loop"
}

too_small_a_disk_writes_no_table() {
	local image
	image=$(new_image small 600M)
	"$EFFECTS" partition gpt "$image"
	truncate -s 300M "$image"
	fails_with 0 "" "$EFFECTS" partition gpt "$image"
}

run_case "a GPT disk gets exactly the plan's partitions" gpt_is_as_planned
run_case "an MBR disk gets one active Linux partition" mbr_is_as_planned
run_case "a disk with 4096-byte sectors gets its table in those" large_sectors_are_honoured
run_case "a plan for other sectors than the disk's is refused" wrong_sectors_are_refused
run_case "old file systems and tables are not found again" old_content_is_gone
run_case "an old signature far from all starts is erased" far_signature_is_gone
run_case "a new MBR leaves no backup GPT behind" backup_gpt_is_gone
run_case "the root's mark stays, that of the other layout goes" mark_stays_and_others_go
run_case "the same plan gives the same bytes" same_plan_same_bytes
run_case "a table the kernel does not read is an error that names the disk" mounted_partition_is_told
run_case "a plan larger than the disk fails" too_small_a_disk_writes_no_table
