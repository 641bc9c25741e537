#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# format.sh — proves that the file systems are what mke2fs and mkfs.fat themselves would make
#
# Judged by dumpe2fs (against mke2fs's work of the same size, UUID and seed), e2fsck, fsck.vfat,
# blkid; on sparse image files, at the offsets of the layouts.
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

MIB=$((1024 * 1024))
GIB=$((1024 * MIB))
# Four groups of ext4: for the points that write and compare every byte.
FULL=$((512 * MIB))
UUID=44444444-4444-4444-8444-444444444444
SEED=55555555-5555-4555-8555-555555555555
# No configuration of this machine may change what mke2fs takes for its defaults.
export E2FSPROGS_FAKE_TIME=1700000000

# zeros FILE SIZE, old_bytes FILE SIZE — an image of a blank disk, and of one that was in use.
zeros() {
	rm -f "$1"
	truncate -s "$2" "$1"
}

old_bytes() {
	head -c "$2" /dev/zero | tr '\0' '\252' >"$1"
}

# reference FILE, ours FILE SIZE — the same file system in it, by mke2fs and by us.
reference() {
	cat >"$SCRATCH/mke2fs.conf" <<-'CONF'
		[defaults]
			base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
			default_mntopts = acl,user_xattr
			enable_periodic_fsck = 0
			blocksize = 4096
			inode_size = 256
			inode_ratio = 16384
		[fs_types]
			ext4 = {
				features = has_journal,extent,huge_file,flex_bg,metadata_csum,64bit,dir_nlink,extra_isize
			}
	CONF
	MKE2FS_CONFIG=$SCRATCH/mke2fs.conf mke2fs -q -F -t ext4 -b 4096 -L nixos -U "$UUID" \
		-E "nodiscard,hash_seed=$SEED" "$1"
}

ours() {
	"$EFFECTS" ext4 "$1" 0 "$2" nixos "$UUID" "$SEED"
}

# mke2fs also clears the boot block, where our mark lies: it counts 4 KiB more as written, and that
# number goes into the superblock's checksum.
describe() {
	dumpe2fs "$1" | grep -vE '^(Lifetime writes|Checksum):'
}

# The whole description (every group, too), not only the superblock's.
ext4_equals_mke2fs() {
	zeros "$SCRATCH/reference" "$1"
	zeros "$SCRATCH/ours" "$1"
	reference "$SCRATCH/reference"
	ours "$SCRATCH/ours" "$1"
	e2fsck -fn "$SCRATCH/ours"
	diff <(describe "$SCRATCH/reference") <(describe "$SCRATCH/ours")
}

# Of all that either wrote or left, only s_kbytes_written and s_checksum may differ, in each copy of
# the superblock (the others begin their group of 128 MiB), and the block around the first one.
same_bytes_as_mke2fs() {
	old_bytes "$SCRATCH/reference" "$FULL"
	old_bytes "$SCRATCH/ours" "$FULL"
	reference "$SCRATCH/reference"
	ours "$SCRATCH/ours" "$FULL"
	cmp -l "$SCRATCH/reference" "$SCRATCH/ours" >"$SCRATCH/differences" || true
	awk '{
		at = ($1 - 1) % (128 * 1024 * 1024)
		if ($1 <= 1024 || ($1 > 2048 && $1 <= 4096)) next
		if ($1 <= 4096) at -= 1024
		if (!(at >= 376 && at < 384) && !(at >= 1020 && at < 1024)) { print; bad = 1 }
	} END { exit bad }' "$SCRATCH/differences"
}

twice_the_same_bytes() {
	zeros "$SCRATCH/ours" "$FULL"
	zeros "$SCRATCH/again" "$FULL"
	ours "$SCRATCH/ours" "$FULL"
	ours "$SCRATCH/again" "$FULL"
	cmp "$SCRATCH/ours" "$SCRATCH/again"
}

largest_size_works() {
	zeros "$SCRATCH/ours" $((2048 * GIB))
	ours "$SCRATCH/ours" $((2048 * GIB))
	dumpe2fs -h "$SCRATCH/ours" | grep -E '^Block count: +536870912$'
	rm "$SCRATCH/ours"
}

odd_size_loses_the_rest() {
	zeros "$SCRATCH/ours" $((GIB + 4095))
	ours "$SCRATCH/ours" $((GIB + 4095))
	e2fsck -fn "$SCRATCH/ours"
	dumpe2fs -h "$SCRATCH/ours" | grep -E '^Block count: +262144$'
}

# Nothing that counts as zero may be taken from what was there before; the boot block is kept.
old_bytes_do_no_harm() {
	old_bytes "$SCRATCH/ours" "$FULL"
	ours "$SCRATCH/ours" "$FULL"
	e2fsck -fn "$SCRATCH/ours"
	[[ $(head -c 1024 "$SCRATCH/ours" | tr -d '\252' | wc -c) == 0 ]]
	need_root
	mkdir -p "$SCRATCH/mnt"
	mount -o loop "$SCRATCH/ours" "$SCRATCH/mnt"
	mkdir "$SCRATCH/mnt/many"
	(cd "$SCRATCH/mnt/many" && seq 20000 | xargs touch)
	umount "$SCRATCH/mnt"
	e2fsck -fn "$SCRATCH/ours"
}

# format LAYOUT SIZE — a partitioned and formatted image, by way of the plan.
planned_image() {
	rm -f "$SCRATCH/disk"
	truncate -s "$2" "$SCRATCH/disk"
	"$EFFECTS" partition "$1" "$SCRATCH/disk"
	"$EFFECTS" format "$1" "$SCRATCH/disk"
}

blkid_value() {
	blkid -p -o value -s "$1" -O "$2" -S "$3" "$SCRATCH/disk"
}

gpt_layout_is_formatted() {
	local root=$((514 * MIB))
	planned_image gpt 4G
	e2fsck -fn "$SCRATCH/disk?offset=$root"
	[[ $(blkid_value LABEL $root $((3581 * MIB))) == nixos ]]
	[[ $(blkid_value UUID $root $((3581 * MIB))) == "$UUID" ]]
	dd if="$SCRATCH/disk" of="$SCRATCH/esp" bs=1M skip=2 count=512 status=none
	fsck.vfat -n "$SCRATCH/esp"
	file "$SCRATCH/esp" | grep -F 'FAT (32 bit)'
	[[ $(blkid_value LABEL $((2 * MIB)) $((512 * MIB))) == ESP ]]
	[[ $(blkid_value UUID $((2 * MIB)) $((512 * MIB))) == ABCD-0123 ]]
	has "$("$EFFECTS" probe "$SCRATCH/disk")" table=gpt "mark=gpt 1" \
		"label=disk2 ESP ABCD-0123" "label=disk3 nixos $UUID"
	sfdisk --verify "$SCRATCH/disk"
}

bios_layout_is_formatted() {
	planned_image bios 2G
	e2fsck -fn "$SCRATCH/disk?offset=$MIB"
	[[ $(blkid_value LABEL $MIB $((2046 * MIB))) == nixos ]]
	"$EFFECTS" probe "$SCRATCH/disk" | grep -Fx "mark=bios 1"
	# Nothing is written behind the partition, nor into the gap before it but the table.
	cmp -n $MIB <(tail -c $MIB "$SCRATCH/disk") /dev/zero
	cmp -i 512:0 -n $((MIB - 512)) "$SCRATCH/disk" /dev/zero
}

fat_with_large_sectors() {
	rm -f "$SCRATCH/fat"
	truncate -s 512M "$SCRATCH/fat"
	"$EFFECTS" fat "$SCRATCH/fat" 0 $((512 * MIB)) 4096 ESP 1234-ABCD
	fsck.vfat -n "$SCRATCH/fat"
	[[ $(od -An -tu2 -j11 -N2 "$SCRATCH/fat" | xargs) == 4096 ]]
}

# mkfs.fat itself makes it so if the disk is no larger than the partition.
fat_on_a_large_disk() {
	local large=$SCRATCH/large small=$SCRATCH/small
	truncate -s 40G "$large"
	truncate -s 512M "$small"
	"$EFFECTS" fat "$large" $((2 * MIB)) $((512 * MIB)) 512 ESP 1234-ABCD
	mkfs.fat --invariant -F 32 -n ESP -i 1234ABCD -S 512 "$small"
	dd if="$large" bs=1M skip=2 count=512 conv=sparse of="$SCRATCH/cut" status=none
	fsck.vfat -n "$SCRATCH/cut" | tee "$SCRATCH/clusters"
	(($(sed -n 's,.*/\([0-9]*\) clusters$,\1,p' "$SCRATCH/clusters") >= 65525))
	mmd -i "$large@@2M" ::/EFI ::/EFI/BOOT
	diff <(od -An -tx1 -j 11 -N 13 "$SCRATCH/cut") <(od -An -tx1 -j 11 -N 13 "$small")
	rm "$large" "$small" "$SCRATCH/cut"
}

fat_is_reproducible() {
	local name
	for name in fat fat2; do
		# FAT's clock ticks every two seconds.
		[[ $name == fat ]] || sleep 2.1
		rm -f "$SCRATCH/$name"
		truncate -s 512M "$SCRATCH/$name"
		"$EFFECTS" fat "$SCRATCH/$name" 0 $((512 * MIB)) 512 ESP 1234-ABCD
	done
	cmp "$SCRATCH/fat" "$SCRATCH/fat2"
	mdir -i "$SCRATCH/fat" -a :: | grep -F 1234-ABCD
}

wrong_requests_are_refused() {
	truncate -s 1G "$SCRATCH/ours"
	fails_with 0 "no UUID" "$EFFECTS" ext4 "$SCRATCH/ours" 0 $GIB nixos nonsense "$SEED"
	fails_with 0 "longer than 16" "$EFFECTS" ext4 "$SCRATCH/ours" 0 $GIB seventeen-letters "$UUID" "$SEED"
	fails_with 0 "/nowhere: .*No such file" "$EFFECTS" ext4 "$SCRATCH/nowhere" 0 $GIB nixos "$UUID" "$SEED"
	fails_with 0 "no FAT serial" "$EFFECTS" fat "$SCRATCH/ours" 0 $GIB 512 ESP 1234-ABCDE
	fails_with 0 "mkfs.fat failed" "$EFFECTS" fat "$SCRATCH/ours" 0 $MIB 512 ESP/:x 1234-ABCD
}

# Without the program, whose file is covered here, a disk is refused before it is touched.
# A program of a distribution in an initramfs without its dynamic loader.
unusable_program_is_told_before() {
	need_root
	local program
	program=$(command -v mkfs.fat)
	truncate -s 2G "$SCRATCH/ours"
	echo 'int main(void) { return 0; }' |
		"${CC:-gcc}" -x c -o "$SCRATCH/dynamic" -Wl,--dynamic-linker=/lib/missing.so -
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount bash -ec '
		mount --bind "$4" "$1"
		if "$2" check gpt "$3"; then exit 1; fi
	' - "$(readlink -f "$program")" "$EFFECTS" "$SCRATCH/ours" "$SCRATCH/dynamic" 2>&1 |
		tee "$SCRATCH/said"
	grep -E "^2: .*mkfs.fat cannot be started.*No such file" "$SCRATCH/said"
}

# attach_partitions FILE — prints a loop device whose partitions have nodes.
attach_partitions() {
	local loop
	loop=$(attach "$1")
	partx -a "$loop"
	echo "$loop"
}

detach_partitions() {
	partx -d "$1"
	losetup -d "$1"
}

nodes_are_formatted_and_others_refused() {
	need_root
	local disk=$SCRATCH/nodes loop other before
	truncate -s 2G "$disk" "$disk.other"
	"$EFFECTS" partition gpt "$disk"
	"$EFFECTS" partition gpt "$disk.other"
	loop=$(attach_partitions "$disk")
	other=$(attach_partitions "$disk.other")
	"$EFFECTS" format gpt "$loop"
	[[ $(blkid -p -o value -s LABEL "${loop}p2") == ESP ]]
	[[ $(blkid -p -o value -s LABEL "${loop}p3") == nixos ]]
	# Another disk's partition under the name of ours.
	before=$(sha256sum <"$disk.other")
	mv "${loop}p3" "${loop}kept"
	cp -a "${other}p3" "${loop}p3"
	fails_with 0 "${loop}p3 is no partition of the disk that was chosen" "$EFFECTS" format gpt "$loop"
	mv "${loop}kept" "${loop}p3"
	[[ $(sha256sum <"$disk.other") == "$before" ]]
	detach_partitions "$loop"
	detach_partitions "$other"
}

missing_program_is_told_before() {
	need_root
	local program
	program=$(readlink -f /sbin/mkfs.fat)
	truncate -s 2G "$SCRATCH/ours"
	"$EFFECTS" check gpt "$SCRATCH/ours"
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount bash -ec '
		mount --bind /dev/null "$1"
		if "$2" check gpt "$3"; then exit 1; fi
		"$2" check bios "$3"
	' - "$program" "$EFFECTS" "$SCRATCH/ours" 2>&1 | tee "$SCRATCH/said"
	grep "install dosfstools" "$SCRATCH/said"
}

for size in 1 4 20; do
	run_case "ext4 of $size GiB is described as mke2fs's" ext4_equals_mke2fs $((size * GIB))
done
run_case "ext4 is mke2fs's byte for byte" same_bytes_as_mke2fs
run_case "the same request gives the same bytes" twice_the_same_bytes
run_case "ext4 of 2 TiB can be made" largest_size_works
run_case "what is less than a block at the end stays unused" odd_size_loses_the_rest
run_case "old bytes below a new ext4 do no harm" old_bytes_do_no_harm
run_case "a gpt plan gives a clean FAT32 and a clean ext4, the mark kept" gpt_layout_is_formatted
run_case "a bios plan gives a clean ext4, the mark kept" bios_layout_is_formatted
run_case "FAT32 can have 4096-byte sectors" fat_with_large_sectors
run_case "FAT32 on a large disk has the clusters of one on a small disk" fat_on_a_large_disk
run_case "FAT of the same request is the same bytes" fat_is_reproducible
run_case "wrong labels, UUIDs and paths are refused by name" wrong_requests_are_refused
run_case "that mkfs.fat is missing is told before a byte is written" missing_program_is_told_before
run_case "that mkfs.fat cannot be started is told before a byte is written" unusable_program_is_told_before
run_case "partition nodes are formatted, and one of another disk is refused" nodes_are_formatted_and_others_refused
