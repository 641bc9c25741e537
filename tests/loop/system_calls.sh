#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# system_calls.sh — proves that a system call which fails ends an install on image files, or the making of an image,
# with the right code and a sentence, and leaves a disk that is whole or that the next run takes, or no image
#
# A sample of the calls, chosen by SEED; tests/long/system_calls_*.sh fail every call. COUNT is the number
# of faults for each layout.
#
# Modules: format/partition_table, store/copy, store/database, guest/nixos, guest/sshd_run.
chosen=${SEED:-1}
# shellcheck source=tests/loop/system_calls.lib.sh
. "$(dirname "$0")/system_calls.lib.sh"

COUNT=${COUNT:-12}

# The judge accepts an install in which no call fails.
undisturbed() {
	enter_worker "$1" 0
	list_calls calls
	[[ $1 != image ]] || qemu-img convert -O raw nixos.img raw.img
	is_good
	has_all_bytes
}

some_calls_fail() {
	enter_worker "$1" 0
	list_faults ESMNAH calls | sample "$COUNT" "$chosen" >faults
	judge_all faults
}

# libfdisk takes a write that ends early for a whole one.
half_a_table_is_noticed() {
	enter_worker direct 0
	judge child write ./nixos.img 1 H
	grep -E '^INSTALL_FAILED code=30 .*partition 1 is not in it' said
}

# libfdisk writes a backup that is not valid where it cannot learn the size of the disk.
a_damaged_backup_of_a_table_is_noticed() {
	local number
	enter_worker image 0
	for number in {1..9}; do
		judge child fstat './#N_(deleted)' "$number" E
		if grep -E '^INSTALL_FAILED code=30 .*one of its two copies is damaged' said; then return; fi
	done
	return 1
}

# What cannot be punched is written. What counts the writes would differ.
an_image_without_holes_has_the_same_bytes() {
	enter_worker image 0
	judge child fallocate './#N_(deleted)' 2 S
	grep INSTALL_SUCCESSFUL said
}

# The mark of an installed disk is written by then. The next run has to take the disk all the same.
the_last_flush_fails() {
	enter_worker direct 0
	judge child fsync ./nixos.img "$(awk '$1 == "child" && $2 == "fsync" && $3 == "./nixos.img"' calls | wc -l)" E
	grep '^INSTALL_FAILED code=41 ' said
}

if ((UID)); then
	skip "system calls fail" "only root can mount"
	exit 0
fi
prepare_calls
for layout in direct pygrub image; do
	run_case "$layout: the calls of an install are listed" undisturbed "$layout"
	run_case "$layout: $COUNT calls that fail are survived, with SEED=$chosen" some_calls_fail "$layout"
done
run_case "a partition table of which half is written is noticed" half_a_table_is_noticed
run_case "a GPT of which one copy is damaged is noticed" a_damaged_backup_of_a_table_is_noticed
run_case "an image where no hole can be punched has the same bytes" an_image_without_holes_has_the_same_bytes
run_case "a disk whose last flush fails is taken by the next run" the_last_flush_fails
