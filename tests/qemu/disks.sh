#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# disks.sh — proves the disk modules on the disks of a machine: nodes, re-installs, uses, key drives
#
# A guest with the lean ISO's kernel and modules runs disks-init; this file then checks its disks.
#
# Modules: init/settle, disk/udev_link.
# shellcheck source=tests/tap.lib.sh
. "$(dirname "$0")/../tap.lib.sh"
# shellcheck source=tests/qemu/machine.lib.sh
. "$TOP/tests/qemu/machine.lib.sh"

DEADLINE=300 # seconds in which QEMU has a processor or needs none
HERE=$TOP/tests/qemu

# The program of tests/loop, linked as the installer is.
build_static_effects() {
	local prefix flags libs objects
	mapfile -t objects < <(find "$TOP/build/static" -name '*.o' ! -name main.o)
	prefix=$("$TOP/installer/static-libs")
	read -ra flags <"$TOP/build/static/cflags"
	read -ra libs <"$TOP/build/static/libs"
	mkdir -p "$SCRATCH/root"
	musl-gcc -std=gnu11 -O1 -D_GNU_SOURCE= -I "$TOP/installer" "${flags[@]}" -static -no-pie -s \
		-pthread -o "$SCRATCH/root/effects" "$TOP/tests/loop/effects.c" \
		"${objects[@]}" -L"$prefix/lib" "${libs[@]}"
}

# copy_udev ROOT — the host's udev: the program, which is the daemon under another name, its rules, helpers and
# libraries.
copy_udev() {
	local file
	mkdir -p "$1/bin" "$1/etc/udev" "$1/lib/udev/rules.d"
	cp "$(command -v udevadm)" "$1/bin/udevadm"
	ln -s bin/udevadm "$1/systemd-udevd"
	cp /lib/udev/rules.d/{50-udev-default,60-persistent-storage}.rules "$1/lib/udev/rules.d/"
	cp /lib/udev/{ata_id,scsi_id} "$1/lib/udev/"
	ldd "$(command -v udevadm)" /lib/udev/{ata_id,scsi_id} | grep -oE '/[^ ]+\.so[^ ]*' | sort -u | while read -r file; do
		install -D "$file" "$1$file"
	done
}

build_initramfs() {
	take_boot_files
	install -m 755 "$HERE/disks-init" "$SCRATCH/root/init"
	copy_udev "$SCRATCH/root"
	overlay "$SCRATCH/initrd" "$SCRATCH/root"
}

# fat_image NAME FILE… — a drive with these files.
fat_image() {
	local image=$SCRATCH/$1
	shift
	truncate -s 2M "$image"
	mkfs.fat -n DRIVE "$image" >/dev/null
	mcopy -i "$image" "$@" ::
}

build_disks() {
	cd "$SCRATCH"
	mkdir keys
	echo "ssh-ed25519 AAAA whole" >keys/ssh.pub
	echo "disk = auto" >keys/guest-installer.conf
	echo "ssh-ed25519 AAAA partition" >id.pub
	echo nothing >readme.txt
	truncate -s 300K large.pub
	truncate -s 2G vda
	truncate -s 34M vdc
	sfdisk -q vdc <<<$'label: dos\n2048,,6'
	mkfs.fat -F 16 --offset 2048 vdc 33792 >/dev/null
	mcopy -i vdc@@1M id.pub ::
	truncate -s 64M vdd
	fat_image vde readme.txt
	fat_image vdf keys/ssh.pub
	# Looks like FAT, but has no file allocation table.
	printf '\0' | dd of=vdf bs=1 seek=16 conv=notrunc status=none
	fat_image vdg large.pub
	# As Windows partitions a disk: a reserved partition comes first.
	truncate -s 34M vdh
	sfdisk -q vdh <<<$'label: gpt\n2048,2048,E3C9E316-0B5C-4DB8-817D-F92DF00215AE\n4096,,EBD0A0A2-B9E5-4433-87C0-68B6B72699C7'
	mkfs.fat -F 16 --offset 4096 vdh 30720 >/dev/null
	mcopy -i vdh@@2M id.pub ::
	truncate -s 64M sda
	truncate -s 1200M nvme
	xorriso -as mkisofs -quiet -V MEDIUM -o cd keys 2>/dev/null
}

run_disks() {
	local name status=0 arguments=()
	for name in vdc vdd vde vdf vdg vdh; do
		arguments+=(-drive "if=none,format=raw,id=$name,file=$SCRATCH/$name"
			-device "virtio-blk-pci,drive=$name")
	done
	"${tied[@]}" "$TOP/tests/patient" "$DEADLINE" "${tied[@]}" qemu-system-x86_64 -no-user-config -nodefaults \
		-machine pc -accel tcg -cpu qemu64 -m 512 -display none -no-reboot \
		-kernel "$boot/vmlinux" -initrd "$SCRATCH/initrd" -serial "file:$SCRATCH/serial" \
		-append "$(cat "$boot/command-line") mitigations=off" \
		-drive "if=none,format=raw,id=vda,file=$SCRATCH/vda" \
		-device virtio-blk-pci,drive=vda,serial=target-1 \
		-blockdev "driver=vvfat,node-name=vdb,dir=$SCRATCH/keys,floppy=on,read-only=on" \
		-device virtio-blk-pci,drive=vdb "${arguments[@]}" -device virtio-scsi-pci \
		-drive "if=none,format=raw,id=sda,file=$SCRATCH/sda" \
		-device scsi-hd,drive=sda,serial=SCSI-22 \
		-drive "if=none,format=raw,media=cdrom,id=cd,file=$SCRATCH/cd" -device scsi-cd,drive=cd \
		-drive "if=none,format=raw,id=nvme,file=$SCRATCH/nvme" -device nvme,drive=nvme,serial=nv-7 || status=$?
	tr -d '\r' <"$SCRATCH/serial" >"$SCRATCH/lines"
	if ((status > 0)) || ! grep -Fx '>>> mounts' "$SCRATCH/lines"; then
		cat "$SCRATCH/lines"
		return 1
	fi
}

# said STEP STATUS LINE… — the step ended with STATUS and printed each LINE.
said() {
	local text line
	text=$(sed -n "/^>>> $1\$/,/^<<< /p" "$SCRATCH/lines")
	printf '%s\n' "$text"
	[[ $(tail -n 1 <<<"$text") == "<<< $2" ]]
	shift 2
	for line; do
		grep -Fxq -- "$line" <<<"$text" || {
			echo "missing: $line"
			return 1
		}
	done
}

disks_are_described() {
	local names
	said scan 0 "name=vda path=/dev/vda size=2147483648 sector=512 serial=target-1" \
		"name=vdb path=/dev/vdb size=2949120 sector=512 serial= read_only" \
		"name=sda path=/dev/sda size=67108864 sector=512 serial=SCSI-22" \
		"name=nvme0n1 path=/dev/nvme0n1 size=1258291200 sector=512 serial=nv-7"
	said scan 0 | grep -E '^name=sr0 path=/dev/sr0 size=[0-9]+ sector=2048 serial=.* cdrom medium$'
	said medium-partition 0 \
		"name=vdc path=/dev/vdc size=35651584 sector=512 serial= medium"
	names=$(said scan 0 | grep -o '^name=[^ ]*' | cut -d= -f2 | xargs)
	[[ $names == "sda sr0 vda vdb vdc vdd vde vdf vdg vdh nvme0n1" ]]
}

first_install_works() {
	said first-gpt 0 "vda1 1024" "vda2 524288" "vda3 1569792" "name=vda used_by=mounted on /target"
	said first-gpt 0 | grep -E '^/dev/vda3 /target ext4 rw,noatime'
	said first-gpt 0 | grep -E '^/dev/vda2 /target/boot vfat rw,noatime'
}

nodes_are_new_after_reinstall() {
	said again-bios 0 "vda1 2095104"
	said again-gpt 0 "vda1 1024" "vda2 524288" "vda3 1569792"
	if said again-bios 0 | grep -F vda2; then return 1; fi
	said nvme 0 "nvme0n1p1 1226752" "name=nvme0n1 used_by=mounted on /target"
}

mounted_disk_is_refused() {
	said over-mounted 1 "0: open /dev/vda: Resource busy" ||
		said over-mounted 1 "0: open /dev/vda: Device or resource busy"
}

result_is_clean() {
	local root=$((514 * MIB))
	sfdisk --verify "$SCRATCH/vda"
	e2fsck -fn "$SCRATCH/vda?offset=$root"
	debugfs -R 'cat third' "$SCRATCH/vda?offset=$root" 2>/dev/null | grep -Fx third
	dd if="$SCRATCH/vda" of="$SCRATCH/esp" bs=1M skip=2 count=512 status=none
	fsck.vfat -n "$SCRATCH/esp"
	mtype -i "$SCRATCH/esp" ::third | grep -Fx third
	e2fsck -fn "$SCRATCH/nvme?offset=$MIB"
	said probe 0 "mark=gpt 1" table=gpt "label=disk2 ESP ABCD-0123"
}

uses_are_told() {
	said swap 0 "name=sda used_by=used as swap space"
	said loop 0 "name=vdd used_by=held by loop0" "name=vdc used_by="
}

key_drives_are_found() {
	said key-whole 0 "disk1 key_drive=1" "found=1 disk=disk1 node=/dev/vdb count=1" \
		"file=ssh.pub 23 ssh-ed25519 AAAA whole" "config=12 disk = auto"
	said key-partition 0 "disk1 key_drive=1" "found=1 disk=disk1 node=/dev/vdc1 count=1" \
		"file=id.pub 27 ssh-ed25519 AAAA partition"
	said key-second 0 "disk1 key_drive=1" "found=1 disk=disk1 node=/dev/vdh2 count=1"
	said key-none 0 "found=0 disk= node= count=0"
}

# Every name that is derived is one that udev makes, and leads to the same disk.
names_are_those_of_udev() {
	cd "$SCRATCH"
	said links 0 | grep ' /dev/disk/' | sort >derived
	said udev 0 | grep ' /dev/disk/' | sort >made
	if comm -23 derived made | grep .; then return 1; fi
	cut -d / -f 1-4 derived | sort -u | tee kinds
	grep -x 'sda /dev/disk/by-id' kinds && grep -x 'sda /dev/disk/by-path' kinds
	grep -x 'vda /dev/disk/by-id' kinds && grep -x 'vda /dev/disk/by-path' kinds
	grep -x 'nvme0n1 /dev/disk/by-id' kinds && grep -x 'nvme0n1 /dev/disk/by-path' kinds
}

bad_key_drives_are_told() {
	said key-both 1 "20: There are 2 key drives, and only one is read: /dev/vdb (vfat), /dev/vdc1 (vfat); detach the others."
	said key-damaged 0 "found=0 disk= node= count=0"
	said key-large 1 \
		"20: key drive /dev/vdg: large.pub has 307200 bytes, more than the 262144 that are read"
	if said mounts 0 | grep -E '/run/keys|/target'; then return 1; fi
}

run_case "the program can be linked statically" build_static_effects
build_initramfs
run_case "disks for the machine can be made" build_disks
run_case "the machine runs all its steps" run_disks
run_case "disks are described: sizes, serial numbers, cdrom, medium" disks_are_described
run_case "an install finds its partitions' nodes" first_install_works
run_case "a re-install sees the new partitions, not the old nodes" nodes_are_new_after_reinstall
run_case "a disk with a mounted partition is refused" mounted_disk_is_refused
run_case "what was written is clean, and the mark is kept" result_is_clean
run_case "mounts, swap and loop devices are told as uses" uses_are_told
run_case "key drives are found whole and partitioned" key_drives_are_found
run_case "names below /dev/disk are those that udev makes" names_are_those_of_udev
run_case "two, damaged and overfull key drives are told" bad_key_drives_are_told
