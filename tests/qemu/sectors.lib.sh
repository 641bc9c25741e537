# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the test files
# tests/qemu/sectors.lib.sh — disks with sectors of 4 KiB, which the host tools have no option for
#
# Source it after installed.lib.sh.

# make_qemu — a wrapper of QEMU that adds the sector size, first in PATH. The host tools give their disks serial
# numbers, and run-guest names the one that it boots root.
make_qemu() {
	local qemu
	qemu=$(command -v qemu-system-x86_64)
	mkdir "$SCRATCH/bin"
	cat >"$SCRATCH/bin/qemu-system-x86_64" <<-END
		#!/usr/bin/env bash
		for argument; do
			[[ \$argument != virtio-blk-pci,drive=*,serial=* && \$argument != virtio-blk-pci,drive=root* ]] ||
				argument+=,logical_block_size=4096,physical_block_size=4096
			arguments+=("\$argument")
		done
		exec $qemu "\${arguments[@]}"
	END
	chmod +x "$SCRATCH/bin/qemu-system-x86_64"
	PATH=$SCRATCH/bin:$PATH
	TABLE_BYTES=24576
}

# partitions_count_in_4_kib — the table of disk.raw, as fdisk reads it, and the FAT.
partitions_count_in_4_kib() {
	fdisk -b 4096 -l -o Start,Sectors,Type disk.raw | tee table
	grep -E '^ *512 +131072 EFI System$' table
	grep -E '^ *131584 +[0-9]+ Linux root \(x86-64\)$' table
	[[ $(od -An -tu2 -j $((2 * MIB + 11)) -N 2 disk.raw | xargs) == 4096 ]]
	dd if=disk.raw of=esp bs=1M skip=2 count=512 conv=sparse status=none
	fsck.vfat -n esp
	rm esp
}

# runs_from_such_a_disk — the guest, started by UEFI.
runs_from_such_a_disk() {
	in_guest 'test -d /sys/firmware/efi'
	[[ $(in_guest cat /sys/block/vda/queue/logical_block_size) == 4096 ]]
}
