#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# enter.sh — proves what the guest's own programs find around them, and that it goes with them
# shellcheck disable=SC2016 # expanded in the guest's root
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

ROOT=$SCRATCH/root
export EFFECTS

# inside COMMAND — the shell command succeeds in the guest's root.
inside() {
	need_root
	mkdir -p "$ROOT"/{bin,dev,proc,run,sys}
	cp /bin/busybox "$ROOT/bin/"
	"$EFFECTS" enter "$ROOT" /bin/busybox sh -c "$1"
}

they_find_devices_and_processes() {
	inside '[ -c /dev/null ] && [ -e /sys/class/block ] && [ -r /proc/self/mounts ] &&
		/bin/busybox touch /run/x && [ "$HOME$IN_NIXOS_ENTER" = /root1 ]'
}

they_find_no_firmware() {
	[[ $(ls /sys/firmware) ]]
	inside '[ -d /sys/firmware ] && [ -z "$(/bin/busybox ls -A /sys/firmware)" ] &&
		! /bin/busybox mkdir /sys/firmware/efi'
	[[ $(ls /sys/firmware) ]]
}

remove_run() {
	((UID)) || rm -rf "/run/guest-installer-test.$$"
}
at_exit remove_run

they_find_files_under_their_path_outside() {
	local ROOT=/run/guest-installer-test.$$/root
	mkdir -p "$ROOT"
	inside "[ -e $ROOT/bin/busybox ] && /bin/busybox touch $ROOT/made"
	[[ -e $ROOT/made && ! $(ls "$ROOT/run") ]]
}

nothing_stays_mounted() {
	inside '/bin/busybox mount -t tmpfs more /run'
	if grep -F "$ROOT" /proc/self/mountinfo; then return 1; fi
	[[ ! $(find "$ROOT"/{dev,proc,run,sys} -mindepth 1) ]]
}

# In a chroot where something is mounted that the namespace's own root does not have.
installer_may_run_in_a_chroot() {
	need_root
	inside true
	unshare --mount bash -c 'set -e
		mkdir "$SCRATCH/top"
		mount --rbind / "$SCRATCH/top"
		mount -t tmpfs own "$SCRATCH/top/mnt"
		cp -r "$1" "$SCRATCH/top/mnt/root"
		cd "$SCRATCH/top/mnt"
		chroot "$SCRATCH/top" "$EFFECTS" enter /mnt/root /bin/busybox sh -c "[ -c /dev/null ]"
		chroot "$SCRATCH/top" sh -c "cd /mnt && \$EFFECTS enter /mnt/root /bin/busybox true"
		' bash "$ROOT"
}

run_case "the guest's programs find devices, processes and /run" they_find_devices_and_processes
run_case "they find no firmware whose variables they could change" they_find_no_firmware
run_case "they find what is named by its path outside" they_find_files_under_their_path_outside
run_case "nothing stays mounted, not even what they mount" nothing_stays_mounted
run_case "the installer itself may run in a chroot" installer_may_run_in_a_chroot
