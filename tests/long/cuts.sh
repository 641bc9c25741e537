#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# cuts.sh — proves for both layouts that the next install takes a disk wherever the last one was interrupted, also if a
# power cut lost what was not flushed; and that no firmware boots an unfinished disk
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/cut.lib.sh
source "$TOP/tests/qemu/cut.lib.sh"

POWER_CUTS=${POWER_CUTS:-200}

installs_and_records() {
	rm -rf keys log
	if [[ $1 == gpt ]]; then give_keys; else give_keys "manifest = file:///medium/guest-$1.json"; fi
	record_install log
}

every_cut_is_taken_again() {
	empty_disk swept
	"$REPLAY" sweep log swept "$TOP/build/$1.json" 1 | tee windows
	[[ $(cut -d' ' -f1 windows | xargs) == 'open shut open shut open requests asked bytes' ]]
	cmp swept recorded
}

# Positions spread over the log. Only the last requests may contain the mark of an installed disk.
power_cuts_are_taken_again() {
	local count number position last
	count=$(sed -n 's/^requests //p' windows)
	last=$(window 3)
	for ((number = 1; number <= POWER_CUTS; number++)); do
		position=$((count * number / POWER_CUTS))
		disk_at log "$position" cut "$number"
		((position <= last)) || [[ $(mark_state cut) != 2 ]] || continue
		expect_taken cut "$1" || { echo "position $position, seed $number" && return 1; }
	done
}

# The boot loader's own programs, and after everything was read back.
whole_wherever_it_can_start() {
	local first last number position
	first=$(window 2) last=$(sed -n 's/^shut //p' windows | sed -n 2p)
	for ((number = 0; number < 8; number++)); do
		position=$((first + (last - first) * number / 8))
		disk_at log "$position" cut "$number"
		expect_whole cut "$2" "$3" || { echo "position $position, seed $number" && return 1; }
	done
	disk_at log "$(window 3)" cut 1
	expect_whole cut "$2" "$3"
}

# While everything is read back, all of the guest but the first sector is on the disk.
hold_back() {
	disk_at log $(($(window 3) - 1)) "$1"
	expect_no_first_sector "$1"
}

a_BIOS_starts_nothing() {
	hold_back cut
	kill_at bios 'No bootable device' run_machine 120 -drive file=cut,format=raw,if=virtio \
		-chardev file,id=bios,path=bios -device isa-debugcon,iobase=0x402,chardev=bios
	grep -aF 'Boot failed: not a bootable disk' bios
	[[ ! -s console ]]
}

UEFI_starts_nothing() {
	local firmware
	hold_back cut
	mapfile -t firmware < <(uefi_drives fresh)
	kill_at console 'BLK1:' run_machine 240 -drive file=cut,format=raw,if=virtio "${firmware[@]}"
	if grep -aE 'GRUB|Linux|HD\(|FS0:' console; then return 1; fi
}

# prove NAME MANIFEST ROOT_MIB — one sample guest.
prove() {
	run_case "$1: an install can be recorded" installs_and_records "$1"
	run_case "$1: wherever it is cut, the next run takes the disk" every_cut_is_taken_again "$2"
	run_case "$1: after $POWER_CUTS power cuts, it does too" power_cuts_are_taken_again "$2"
	run_case "$1: the guest is whole wherever it can start" whole_wherever_it_can_start "$2" "$1" "$3"
	run_case "$1: a BIOS starts nothing before everything was read back" a_BIOS_starts_nothing
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "the program that replays can be built" build_replay
prove bios guest-bios 1
prove gpt guest 514
run_case "gpt: UEFI starts nothing before everything was read back" UEFI_starts_nothing
figure cuts "$((2 * POWER_CUTS)) cuts, two guests"
