#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# every_prefix.sh — proves of a guest (GRUB from a boot sector; GUESTS names others) that a power cut at any
# moment of an install, whatever it loses of what was not flushed, leaves no disk that can be started with a
# guest that is not complete, and none that the next install does not take; the same of an install over an
# unfinished one that could be started; and that a start of the machine does what was judged. Two files beside
# it prove this of GRUB on a GPT and of systemd-boot by UEFI.
#
# Modules: disk/install_mark, format/boot_sector, format/partition.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/cut.lib.sh
source "$TOP/tests/qemu/cut.lib.sh"
# shellcheck source=../qemu/installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

STARTS=${STARTS:-2} # of each kind
SEED=${SEED:-1}
EVERY=${EVERY:-1} # judge every Nth state in full
NO_LOGIN=60       # seconds: a guest that comes up takes less than half of them
UP='Server listening on 0.0.0.0'

# record GUEST LOG BASE
record() {
	local firmware=()
	rm -rf keys
	if [[ $1 == gpt ]]; then give_keys; else give_keys "manifest = file:///medium/guest-$1.json"; fi
	[[ $1 != systemd-boot ]] || mapfile -t firmware < <(uefi_drives fresh)
	record_install "$2" "$3" "${firmware[@]}"
}

# The requests just before the first sector is blanked again, when the guest's boot loader has been installed.
write_unfinished() {
	local blanked
	blanked=$("$REPLAY" list log | sed -n 's/^\([0-9]*\) offset=0 size=4096.*/\1/p' | tail -n 2 | head -n 1)
	write_state log empty "$((blanked - 1))" unfinished
	[[ $(mark_state unfinished) == 1 ]]
	! cmp -n 512 unfinished /dev/zero
}

# stays_down FIRMWARE — the machine does not get as far as the guest's SSH server.
stays_down() {
	local arguments=()
	[[ $1 == bios ]] || mapfile -t arguments < <(uefi_drives fresh)
	run_machine console "$NO_LOGIN" -drive file=state.raw,format=raw,if=virtio "${arguments[@]}"
	if grep -aF "$UP" console; then return 1; fi
}

# start_states GUEST — the states that judge_states has named, as a firmware would find them.
start_states() {
	local firmware answer state
	while read -r firmware answer state; do
		rm -f state.raw
		write_state log empty "$state" state.raw
		if [[ $answer == no ]]; then
			run_case "$1: $firmware starts no guest in state $state" stays_down "$firmware"
			continue
		fi
		rm -f known_hosts
		start_guest state.raw --firmware "$firmware"
		run_case "$1: $firmware starts the guest in state $state, with a login" guest_lets_in
		end_guest
	done <starts
	boots=$(wc -l <starts)
	echo "# $1: $boots boots"
}

# prove GUEST MANIFEST
prove() {
	run_case "$1: an install can be recorded" record "$1" log empty
	run_case "$1: no state breaks a promise" judge_states log empty "$2" \
		--seed "$SEED" --starts "$STARTS" --every "$EVERY"
	print_states "$1"
	first=$(count_states)
	start_states "$1"
	run_case "$1: the unfinished disk can be started" write_unfinished
	run_case "$1: an install over it can be recorded" record "$1" again unfinished
	run_case "$1: no state of that install breaks a promise" judge_states again unfinished "$2" \
		--seed "$SEED" --every "$EVERY"
	print_states "$1, the next install"
	figure "states-$1" "first install: $first; $boots of them booted; next install: $(count_states)"
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
empty_disk empty
run_case "the program that replays can be built" build_replay
GUESTS=${GUESTS:-bios}
for guest in $GUESTS; do
	manifest=guest-$guest
	prove "$guest" "${manifest/%-gpt/}"
done
