#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mount.sh — proves that a plan's file systems are mounted as planned, and that all of it goes away
#
# target_mount on image files by loop_device; findmnt judges. With FAT and on partition nodes: tests/qemu.
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

MNT=$SCRATCH/mnt
DISK=$SCRATCH/disk

unmount_rest() {
	while umount "$MNT/a/b" 2>/dev/null || umount "$MNT" 2>/dev/null; do :; done
}
at_exit unmount_rest

planned_image() {
	need_root
	rm -f "$DISK"
	truncate -s "${2:-1200M}" "$DISK"
	"$EFFECTS" partition "$1" "$DISK"
	"$EFFECTS" format "$1" "$DISK"
}

# nothing_mounted — not below MNT, and no loop device left with the image behind it.
is_attached() {
	losetup -j "$DISK" | grep .
}

# The kernel takes a loop device away when its last user is gone, which may be a moment later.
nothing_mounted() {
	local attempts=50
	if grep -F " $MNT" /proc/self/mountinfo; then return 1; fi
	while is_attached; do
		((attempts--)) || return 1
		sleep 0.1
	done
}

root_is_mounted_and_written() {
	planned_image bios
	"$EFFECTS" mount bios "$DISK" "$MNT" rw
	[[ $(findmnt -no FSTYPE,TARGET "$MNT") == "ext4   $MNT" ]]
	[[ ,$(findmnt -no OPTIONS "$MNT"), == *,rw,noatime,* ]]
	[[ $(findmnt -no OPTIONS "$MNT") != *nobarrier* ]]
	echo hello >"$MNT/file"
	has "$("$EFFECTS" source "$MNT")" "source=$(findmnt -no SOURCE "$MNT")"
	"$EFFECTS" detach "$MNT"
	nothing_mounted
	e2fsck -fn "$DISK?offset=1048576"
	debugfs -R 'cat file' "$DISK?offset=1048576" 2>/dev/null | grep -Fx hello
	"$EFFECTS" probe "$DISK" | grep -Fx "mark=bios 1"
}

read_only_writes_nothing() {
	planned_image bios
	local before
	before=$(sha256sum "$DISK")
	"$EFFECTS" mount bios "$DISK" "$MNT" ro
	if touch "$MNT/file"; then return 1; fi
	"$EFFECTS" detach "$MNT"
	[[ $(sha256sum "$DISK") == "$before" ]]
	nothing_mounted
}

inner_mounts_go_first() {
	planned_image bios
	"$EFFECTS" mount bios "$DISK" "$MNT" rw
	mkdir -p "$MNT/a"
	mount -t tmpfs none "$MNT/a"
	mkdir "$MNT/a/b"
	mount --bind /usr "$MNT/a/b"
	mount -t tmpfs over "$MNT/a/b"
	"$EFFECTS" detach "$MNT"
	nothing_mounted
}

neighbours_stay() {
	planned_image bios
	mkdir -p "$MNT-other"
	mount -t tmpfs none "$MNT-other"
	"$EFFECTS" mount bios "$DISK" "$MNT" rw
	"$EFFECTS" detach "$MNT"
	findmnt "$MNT-other"
	umount "$MNT-other"
	nothing_mounted
}

detaching_nothing_is_fine() {
	mkdir -p "$MNT"
	"$EFFECTS" detach "$MNT"
	fails_with 0 "nothing is mounted on $MNT" "$EFFECTS" source "$MNT"
}

busy_target_is_told() {
	planned_image bios
	"$EFFECTS" mount bios "$DISK" "$MNT" rw
	(cd "$MNT" && exec sleep 60) &
	local sleeper=$!
	fails_with 0 "unmount $MNT: a program still uses it" "$EFFECTS" detach "$MNT" ||
		{ kill $sleeper && return 1; }
	kill $sleeper
	wait $sleeper || true
	"$EFFECTS" detach "$MNT"
	nothing_mounted
}

leaving_program_is_waited_for() {
	planned_image bios
	"$EFFECTS" mount bios "$DISK" "$MNT" rw
	(cd "$MNT" && exec sleep 1) &
	"$EFFECTS" detach "$MNT"
	nothing_mounted
}

failure_leaves_nothing() {
	planned_image gpt 2G
	# The ESP's boot sector without FATs: no kernel mounts that.
	printf '\0' | dd of="$DISK" bs=1 seek=$((2 * 1024 * 1024 + 16)) conv=notrunc status=none
	fails_with 0 "$DISK: mount /dev/loop[0-9]+ \(vfat\) on $MNT/boot: " "$EFFECTS" mount gpt "$DISK" "$MNT" rw
	nothing_mounted
}

blank_is_not_mounted() {
	need_root
	rm -f "$DISK"
	truncate -s 1200M "$DISK"
	fails_with 0 "$DISK: mount /dev/loop[0-9]+ \(ext4\) on $MNT: " "$EFFECTS" mount bios "$DISK" "$MNT" rw
	nothing_mounted
}

run_case "the root is mounted with noatime, written, and clean when detached" root_is_mounted_and_written
run_case "a read-only mount writes nothing" read_only_writes_nothing
run_case "what is mounted inside goes first, stacked mounts too" inner_mounts_go_first
run_case "a neighbour with the same beginning stays" neighbours_stay
run_case "detaching where nothing is mounted is fine" detaching_nothing_is_fine
run_case "a busy target is told" busy_target_is_told
run_case "a program that is about to leave is waited for" leaving_program_is_waited_for
run_case "a failed mount leaves nothing mounted" failure_leaves_nothing
run_case "a blank disk is not mounted" blank_is_not_mounted
