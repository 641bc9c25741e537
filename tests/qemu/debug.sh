#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# debug.sh — proves that a real gdb controls a guest of run-guest, that the dumps of its memory are ELF cores, also
# after a panic, and what becomes of raw arguments and the virtio socket; with a stand-in for the guest
#
# Modules: host/run/debug, host/run/debug_options.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=standin.lib.sh
source "$TOP/tests/qemu/standin.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

# printedgdb FILE COMMAND… — the gdb line that run-guest has printed, and further commands for gdb.
printedgdb() {
	local line word words=() more=()
	line=$(sed -n 's/.*to attach gdb: //p' "$1")
	[[ $line == 'gdb '* ]]
	for word in "${@:2}"; do more+=(-ex "$word"); done
	eval "words=($line)"
	"${words[0]}" -batch -nx "${words[@]:1}" "${more[@]}"
}

# iscore FILE — two readers of ELF accept it, and it has the guest's memory, which has this text.
iscore() {
	readelf -hl "$1" | tee elf
	grep -E 'Type: +CORE' elf && grep -E '^ +LOAD ' elf && grep -E '^ +NOTE ' elf
	gdb -batch -nx -c "$1" -ex 'info registers' | tee registers
	grep -E '^(rip|eip|pc) ' registers
	grep -aqF 'guest is up' "$1"
	[[ $(stat -c %a "$1") == 400 ]]
}

gdb_attaches_by_the_printed_line_and_the_guest_goes_on() {
	make_standin guest.raw 'guest is up\n' button
	start_guest guest.raw --gdb 'a,b socket'
	[[ $(stat -c %A 'a,b socket') == srwxr-xr-x ]]
	printedgdb guest.raw.err 'info registers' 'dump binary memory memory 0x7c00 0x7e00'
	grep -aF 'guest is up' memory
	kill -TERM "$started"
	wait "$started"
	[[ ! -e 'a,b socket' ]]
}

a_waiting_guest_starts_when_gdb_lets_it() {
	local port
	port=$(free_ports 1)
	make_standin guest.raw 'guest is up\n' off
	"$TOP/qemu/run-guest" guest.raw --accel tcg --memory 64M --gdb "127.0.0.1:$port" --gdb-wait \
		>console 2>"$output" </dev/null &
	started=$!
	wait_for_text "$output" 'to attach gdb: '
	[[ $(cat console) == 'ssh -p '* && $(wc -l <console) == 1 ]]
	printedgdb "$output" detach
	wait_for_end "$started"
	expect_status 0
	grep -F 'guest is up' console
}

a_running_guest_is_dumped_and_goes_on() {
	local left
	make_standin guest.raw 'guest is up\n' button
	run "$TOP/qemu/run-guest" guest.raw --dump core
	expect_status 3
	start_daemon guest.raw
	run "$TOP/qemu/run-guest" guest.raw --dump core
	expect_status 0
	iscore core
	expect_state 0 running
	run "$TOP/qemu/run-guest" guest.raw --dump core
	expect_status 2
	expect_output 'core exists already'
	mkdir small
	mount -t tmpfs -o size=1M none small
	run "$TOP/qemu/run-guest" guest.raw --dump small/core
	left=$(ls -A small)
	umount small
	[[ ! $left ]]
	expect_status 85
	expect_output "cannot write the guest's memory"
	run "$TOP/qemu/run-guest" guest.raw --stop
	expect_status 0
}

a_panic_ends_the_guest_with_a_dump() {
	make_standin guest.raw 'guest is up\n' panic
	run "$TOP/qemu/run-guest" guest.raw --accel tcg --memory 64M --dump-on-panic core
	expect_status 81
	expect_output "the guest's kernel panicked; its memory is in $PWD/core"
	iscore core
	printf '#!/bin/sh\n' >script
	run "$TOP/qemu/run-guest" guest.raw --accel tcg --memory 64M --dump-on-panic second --run script
	expect_status 81
	expect_output 'its memory is in'
	iscore second
	expect_no_qemu
	[[ ! $(find . -name '*.dumping') ]]
}

raw_arguments_reach_qemu_as_they_are() {
	options_of guest.raw --qemu-arg -device --qemu-arg='edu,id=a b' --qemu-arg "-hdc /dev/sda4"
	expect_status 80
	grep -A 1 -Fx -e -device arguments | grep -Fx 'edu,id=a b'
	grep -Fx -e '-hdc /dev/sda4' arguments
	make_standin guest.raw 'guest is up\n' off
	run "$TOP/qemu/run-guest" guest.raw --accel tcg --qemu-arg -device --qemu-arg nonsense
	expect_status 80
	expect_output 'nonsense'
}

the_virtio_socket_is_used_where_the_host_has_one() {
	make_standin guest.raw 'guest is up\n' off
	if [[ -w /dev/vhost-vsock ]]; then
		options_of guest.raw --vsock 77
		grep -Fx vhost-vsock-pci,guest-cid=77 arguments
		return
	fi
	run "$TOP/qemu/run-guest" guest.raw --accel tcg --memory 64M --vsock auto
	expect_status 0
	expect_output '--vsock is not used: this '
	run "$TOP/qemu/run-guest" guest.raw --accel tcg --memory 64M --vsock 77
	expect_status 80
	expect_output '/dev/vhost-vsock'
}

run_tests "${BASH_SOURCE[0]}"
