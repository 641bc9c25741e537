#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kills.sh — proves that a machine killed at random moments reports no success, and that the next
# install takes the same disk each time and finishes it; KILLS=N sets the number of kills
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/cut.lib.sh
source "$TOP/tests/qemu/cut.lib.sh"

KILLS=${KILLS:-50}
RANDOM=${SEED:-1}

install() {
	run_installer console "${disk[@]}" "${keys[@]}"
	expect_verdict console INSTALL_SUCCESSFUL
	expect_successes console 1
}

# Writes the duration of an install, in hundredths of a second, to the file `takes`.
measure() {
	local start=${EPOCHREALTIME/./}
	install
	echo $(((${EPOCHREALTIME/./} - start) / 10000)) >takes
}

# kill_after HUNDREDTHS — QEMU may have ended before.
kill_after() {
	local machine
	rm -f pid
	run_installer console "${disk[@]}" "${keys[@]}" -pidfile pid &
	machine=$!
	"${tied[@]}" timeout "$(printf '%d.%02d' $(($1 / 100)) $(($1 % 100)))" tail -f --pid="$machine" /dev/null || true
	[[ ! -e pid ]] || kill -KILL "$(cat pid)" || true
	wait "$machine" || true
}

# If the disk is marked as installed, the guest was finished before the kill: start with an empty disk.
kills_are_survived() {
	local number hundredths cut=0 finished=0
	empty_disk disk
	for ((number = 1; number <= KILLS; number++)); do
		hundredths=$(((RANDOM << 15 | RANDOM) % $(cat takes)))
		kill_after "$hundredths"
		echo "after $hundredths: $(last_line console)"
		if [[ $(mark_state disk) == 2 ]]; then
			expect_whole disk gpt 514
			finished=$((finished + 1))
			empty_disk disk
			continue
		fi
		expect_successes console 0
		expect_taken disk guest
		cut=$((cut + 1))
	done
	echo "$cut cut, $finished finished"
	figure kills "$KILLS kills: $cut unfinished disks, $finished finished ones"
	((cut > 0))
}

next_run_finishes_it() {
	install
	[[ $(mark_state disk) == 2 ]]
	expect_whole disk gpt 514
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
# shellcheck disable=SC2119 # no settings
give_keys
take_boot_files
empty_disk disk
mapfile -t keys < <(key_drive keys)
mapfile -t disk < <(disk disk)
run_case "the program that asks can be built" build_replay
run_case "an install takes its time" measure
run_case "$KILLS kills are survived" kills_are_survived
run_case "the next run finishes it" next_run_finishes_it
