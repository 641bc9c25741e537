#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scan.sh — proves that disks of odd machines are described rightly from their trees in /sys
#
# The trees are made here after Linux, Documentation/ABI/stable/sysfs-block; device numbers are
# such that nothing of this machine has them. Nodes are files. Real disks: tests/qemu/disks.sh.
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

SYS=$SCRATCH/sys
DEV=$SCRATCH/dev
MINOR=0

new_machine() {
	rm -rf "$SYS" "$DEV"
	mkdir -p "$SYS/block" "$DEV"
}

# new_disk NAME SECTORS [FILE=CONTENT…] — below /sys/block/NAME, and a node of that size.
new_disk() {
	local name=$1 sectors=$2 pair at=$SYS/block/$1
	shift 2
	mkdir -p "$at/queue" "$at/holders" "$at/device"
	MINOR=$((MINOR + 1))
	echo "4001:$MINOR" >"$at/dev"
	echo "$sectors" >"$at/size"
	echo 0 >"$at/ro"
	echo 512 >"$at/queue/logical_block_size"
	for pair; do
		mkdir -p "$(dirname "$at/${pair%%=*}")"
		printf '%b' "${pair#*=}" >"$at/${pair%%=*}"
	done
	truncate -s $((sectors * 512)) "$DEV/$name"
}

new_partition() {
	mkdir -p "$SYS/block/$1/$2/holders"
	echo 1 >"$SYS/block/$1/$2/partition"
	MINOR=$((MINOR + 1))
	echo "4001:$MINOR" >"$SYS/block/$1/$2/dev"
}

scan() {
	"$EFFECTS" scan "$SYS" "$DEV" "$@"
}

# names — of the disks found, in one line.
names() {
	scan | sed -n 's/^name=\([^ ]*\) .*/\1/p' | xargs
}

serials_are_found_wherever_they_are() {
	new_machine
	new_disk vda 2048 serial=virtio-serial
	new_disk nvme0n1 2048 'device/serial=   S5GXNX0R   \n'
	new_disk sda 2048 'device/vpd_pg80=\0000\0200\0000\0010  QM0001'
	new_disk xvda 2048
	has "$(scan)" "name=vda path=$DEV/vda size=1048576 sector=512 serial=virtio-serial" \
		"name=nvme0n1 path=$DEV/nvme0n1 size=1048576 sector=512 serial=S5GXNX0R" \
		"name=sda path=$DEV/sda size=1048576 sector=512 serial=QM0001" \
		"name=xvda path=$DEV/xvda size=1048576 sector=512 serial="
}

# A virtio disk's vendor is a number of its bus. /sys/block has links.
models_and_buses_are_told() {
	local usb=$SYS/devices/pci0000:00/0000:00:04.0/usb1/1-1/1-1:1.0/host2/target2:0:0/2:0:0:0/block
	new_machine
	new_disk vda 2048 'device/vendor=0x1af4\n'
	new_disk sda 2048 'device/vendor=QEMU    \n' 'device/model=QEMU HARDDISK   \n'
	new_disk nvme0n1 2048 'device/model=QEMU NVMe Ctrl                          \n' 'device/vendor=x\n'
	new_disk sdb 2048 'device/vendor=SanDisk \n' 'device/model=Cruzer\n' 'removable=1\n'
	mkdir -p "$usb"
	mv "$SYS/block/sdb" "$usb/sdb"
	ln -s "$usb/sdb" "$SYS/block/sdb"
	[[ $(scan | grep '^model=' | xargs -d '\n') == "model=QEMU|QEMU HARDDISK model=SanDisk|Cruzer removable usb model=|QEMU NVMe Ctrl" ]]
}

order_is_the_kernels() {
	local name
	new_machine
	for name in vdaa vdb nvme0n1 vda sda vdz; do new_disk $name 8; done
	[[ $(names) == "sda vda vdb vdz vdaa nvme0n1" ]]
}

other_devices_are_left_out() {
	local name
	new_machine
	for name in loop0 ram0 zram0 dm-0 md127 fd0 nbd3 mtdblock0 vda; do new_disk $name 8; done
	[[ $(names) == vda ]]
}

cdroms_are_known_by_name_and_type() {
	new_machine
	new_disk sr0 2048
	new_disk sda 2048 'device/type=5\n'
	new_disk sdb 2048 'device/type=0\n'
	new_disk sdc 2048 'ro=1\n'
	scan | grep -E '^name=sr0 .* cdrom$'
	scan | grep -E '^name=sda .* cdrom$'
	scan | grep -E '^name=sdb .* serial=$'
	scan | grep -E '^name=sdc .* read_only$'
}

holders_are_told() {
	new_machine
	new_disk vda 2048
	new_disk vdb 2048
	new_disk vdc 2048
	new_disk loop3 2048 "loop/backing_file=$DEV/vdc1\n"
	new_partition vda vda1
	new_partition vdc vdc1
	mkdir "$SYS/block/vda/vda1/holders/dm-7"
	mkdir "$SYS/block/vdb/holders/md0"
	[[ $(scan | grep -F used_by= | xargs -d '\n') == "used_by=held by dm-7 used_by=held by md0 used_by=held by loop3" ]]
}

medium_is_known_by_link_and_partition() {
	new_machine
	new_disk vda 2048
	new_disk vdb 2048
	new_partition vdb vdb1
	truncate -s 8 "$DEV/vdb1"
	ln -s vdb1 "$DEV/by-label"
	scan "$DEV/by-label" | grep -E '^name=vdb .* medium$'
	scan "$DEV/vda" | grep -E '^name=vda .* medium$'
	lacks "$(scan "$DEV/vda" | grep vdb)" medium
	lacks "$(scan)" medium
}

mounts_are_told() {
	need_root
	new_machine
	new_disk vda 2048
	new_partition vda vda5
	mkdir "$SCRATCH/mnt"
	truncate -s 8M "$SCRATCH/mounted"
	mke2fs -Fq "$SCRATCH/mounted"
	mount -o loop "$SCRATCH/mounted" "$SCRATCH/mnt"
	mountpoint -d "$SCRATCH/mnt" >"$SYS/block/vda/vda5/dev"
	local found
	found=$(scan)
	umount "$SCRATCH/mnt"
	grep -F "used_by=mounted on ${SCRATCH:0:40}" <<<"$found"
}

large_sectors_and_missing_nodes() {
	new_machine
	new_disk vda 4096 'queue/logical_block_size=4096\n'
	new_disk vdb 2048
	rm "$DEV/vdb"
	has "$(scan)" "name=vda path=$DEV/vda size=2097152 sector=4096 serial=" \
		"unreadable=No such file or directory"
}

too_many_disks_are_an_error() {
	local i
	new_machine
	for i in {1..64}; do new_disk "vd$i" 8; done
	[[ $(names | wc -w) == 64 ]]
	new_disk vd65 8
	fails_with 11 "more than 64 disks" "$EFFECTS" scan "$SYS" "$DEV"
}

no_sysfs_is_an_error() {
	fails_with 0 "open /nowhere/block: No such file" "$EFFECTS" scan /nowhere "$DEV"
}

run_case "serial numbers are found where each kind of disk has them" serials_are_found_wherever_they_are
run_case "vendor, model and bus are told" models_and_buses_are_told
run_case "disks come in the kernel's order" order_is_the_kernels
run_case "devices made of others or of memory are left out" other_devices_are_left_out
run_case "cdroms are known by name and by type" cdroms_are_known_by_name_and_type
run_case "holders of disks and of partitions are told" holders_are_told
run_case "the medium is known by a link and by a partition" medium_is_known_by_link_and_partition
run_case "a mount of a partition is told" mounts_are_told
run_case "large sectors and missing nodes are no error" large_sectors_and_missing_nodes
run_case "more disks than can be judged are an error" too_many_disks_are_an_error
run_case "a machine without /sys is an error" no_sysfs_is_an_error
