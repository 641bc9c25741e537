#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# first_run.sh — proves what first-run does with two channels, with existing disks, with readers that do not
# read its output, and which files it leaves; a stand-in replaces the installer
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=standin.lib.sh
source "$TOP/tests/qemu/standin.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

GOOD='INSTALL_SUCCESSFUL\n'
BAD='INSTALL_FAILED code=12 stage=target not blank\n'

# As first_run, with the wrapper of port_says or standin_writes in place of QEMU.
wrapped() {
	PATH=$PWD/bin:$PATH first_run "$@"
}

channels_that_contradict_each_other_are_84() {
	port_says 'echo "{\"event\": \"successful\"}"'
	wrapped "$BAD"
	expect_status 84
	expect_output 'neither is believed'
	expect_files guest.qcow2.log guest.qcow2.verdict.json
	jq -e '.code == 84 and .channels == {serial: "failed with code 12", port: "successful"}' \
		guest.qcow2.verdict.json
	port_says 'echo "{\"event\": \"failed\", \"code\": 41, \"stage\": \"verify\", \"text\": \"x\"}"'
	wrapped "$GOOD"
	expect_status 84
}

the_port_alone_is_believed() {
	port_says 'echo "{\"event\": \"successful\"}"'
	wrapped 'a console that lost everything\n'
	expect_status 0
	port_says 'echo "{\"event\": \"failed\", \"code\": 41, \"stage\": \"verify\", \"text\": \"x\"}"'
	rm guest.qcow2
	wrapped 'a console that lost everything\n'
	expect_status 41
}

noise_on_the_port_harms_nothing() {
	port_says 'head -c 3000000 /dev/urandom; head -c 3000000 /dev/zero; yes "{\"event\": [" | head -c 3000000'
	wrapped "$GOOD"
	expect_status 0
	[[ $(jq -r .channels.port guest.qcow2.verdict.json) == nothing ]]
}

# A full pipe without a reader.
nobody_has_to_read_what_it_says() {
	local mode
	mkfifo unread
	exec {unread}<>unread
	perl -e 'use Fcntl; sysopen my $pipe, "unread", O_WRONLY | O_NONBLOCK or die "$!";
		1 while syswrite $pipe, "x" x 4096'
	make_standin standin.iso "INSTALL_PROGRESS copy 42 at work\n$GOOD" off
	for mode in --json --keep-failed; do
		rm -f guest.qcow2
		timeout --kill-after=5 60 "$TOP/qemu/first-run" --disk guest.qcow2 --size 64M --iso standin.iso \
			--key key.pub --memory 128M --accel tcg "$mode" >&"$unread" 2>&1 </dev/null
		[[ -e guest.qcow2 ]]
	done
}

a_reader_that_left_stops_nothing() {
	make_standin standin.iso "INSTALL_PROGRESS copy 42 x\n$GOOD" off
	"$TOP/qemu/first-run" --disk guest.qcow2 --size 64M --iso standin.iso --key key.pub \
		--memory 128M --accel tcg --json 2>&1 </dev/null | :
	[[ -e guest.qcow2 ]]
	rm guest.qcow2
	"$TOP/qemu/first-run" --disk guest.qcow2 --size 64M --iso standin.iso --key key.pub \
		--memory 128M --accel tcg <&- >&- 2>&-
	[[ -e guest.qcow2 ]]
}

events_are_json_lines_and_quiet_is_quiet() {
	first_run "INSTALL_PROGRESS copy 42 at work\nINSTALL_RESULT kernel=/x\n$GOOD" off --json
	expect_status 0
	[[ $(jq -r .event "$output" | xargs) == 'started progress result finished' ]]
	jq -es '.[1] == {event: "progress", stage: "copy", percent: 42, text: "at work"}' "$output"
	rm guest.qcow2
	first_run "INSTALL_PROGRESS copy 42 at work\n$GOOD" off --quiet
	expect_status 0
	[[ ! -s $output ]]
	first_run "$BAD" off --quiet --disk other.qcow2
	expect_status 12
	expect_output 'not blank'
}

a_stage_has_a_deadline_of_its_own() {
	first_run 'INSTALL_PROGRESS copy 42 at work\n' hang --stage-timeout 8
	expect_status 83
	expect_output 'no end of stage copy after 8 s'
	expect_no_qemu
}

a_killed_qemu_is_80_even_after_success() {
	start_first_run "$GOOD" hang
	kill -KILL "$(pgrep -P "$started" qemu-system)"
	wait_for_end "$started"
	expect_status 80
	expect_output 'signal 9'
	expect_files guest.qcow2.log guest.qcow2.verdict.json
}

# The records may have another name than the disk: first-run locks both.
one_run_at_a_time_whatever_the_records_are_called() {
	mkdir one two
	start_first_run "$GOOD" hang one
	run "$TOP/qemu/first-run" --disk guest.qcow2 --size 64M --iso standin.iso --key key.pub --records two \
		--timeout 20
	expect_status 82
	[[ -e .guest.qcow2.installing && -z $(ls -A two) ]]
	run "$TOP/qemu/first-run" --disk two/guest.qcow2 --size 64M --iso standin.iso --key key.pub --records one \
		--timeout 20
	expect_status 82
	run "$TOP/qemu/first-run" --disk other.qcow2 --size 64M --iso standin.iso --key key.pub \
		--extra-disk guest.qcow2:1M --timeout 20
	expect_status 82
	kill -TERM "$started"
	wait_for_end "$started"
	[[ $status == 143 && -z $(find . -name '.*.lock') ]]
}

a_killed_run_leaves_nothing_in_the_way() {
	local at
	export RUNTIME_DIRECTORY=$work/tmp
	for at in first second; do
		start_first_run "$at run\n" hang
		kill -KILL "$started"
		wait_for_end "$started" 2>/dev/null
		[[ -e .guest.qcow2.lock && -n $(ls -A "$TMPDIR") ]]
	done
	first_run "$GOOD"
	expect_status 0
	expect_files guest.qcow2 guest.qcow2.log guest.qcow2.log.1 guest.qcow2.log.2 guest.qcow2.verdict.json
	grep -q 'second run' guest.qcow2.log.1
	grep -q 'first run' guest.qcow2.log.2
	[[ -z $(ls -A "$TMPDIR") ]]
}

# The stand-in cannot write, so the disk stays unchanged whatever the result.
an_existing_image_is_used_and_never_removed() {
	local text
	printf precious >guest.raw
	truncate -s 1M guest.raw
	for text in "$GOOD" "$BAD"; do
		first_run "$text" off --disk guest.raw --size= --existing
		[[ $(head -c 8 guest.raw) == precious && $(stat -c %s guest.raw) == 1048576 ]]
	done
	expect_status 12
	expect_files guest.raw guest.raw.log guest.raw.log.1 guest.raw.verdict.json
}

a_block_device_is_used_and_held() {
	((EUID == 0)) || { echo "needs root" && return 77; }
	truncate -s 4M image
	device=$(losetup --find --show image)
	trap 'losetup --detach "$device"' EXIT
	standin_writes
	wrapped "$GOOD" dump --disk "$device" --size= --existing --set disk=/dev/vda
	expect_status 0
	[[ -b $device && -s ${device##*/}.log && -s ${device##*/}.verdict.json ]]
	mkfs.ext4 -q "$device"
	mkdir mounted
	mount "$device" mounted
	run "$TOP/qemu/first-run" --disk "$device" --existing --iso standin.iso --key key.pub
	umount mounted
	expect_status 82
	expect_output "$device"
}

more_disks_are_made_and_published_together() {
	truncate -s 1M own.raw
	first_run "$GOOD" off --extra-disk guest.boot.raw:2M --extra-disk own.raw
	expect_status 0
	[[ $(stat -c %s guest.boot.raw) == 2097152 && -e guest.qcow2 ]]
	first_run "$BAD" off --disk other.qcow2 --extra-disk other.boot.raw:2M --extra-disk own.raw
	expect_status 12
	[[ ! -e other.qcow2 && ! -e other.boot.raw && -e own.raw ]]
}

a_failed_disk_can_be_kept() {
	first_run "$BAD" off --keep-failed
	expect_status 12
	expect_files guest.qcow2.failed guest.qcow2.log guest.qcow2.verdict.json
	qemu-img check -q guest.qcow2.failed
}

# The key's blob begins with its type's name.
host_keys_are_written_down() {
	local key
	key=$(cut -d ' ' -f 1-2 key.pub)
	first_run "INSTALL_RESULT ssh-host-key=$key\nINSTALL_RESULT ssh-host-key=ssh-rsa nonsense\n$GOOD"
	expect_status 0
	[[ $(cat guest.qcow2.known_hosts) == "* $key" ]]
}

words_of_the_guest_do_nothing_to_the_terminal() {
	first_run 'INSTALL_PROGRESS copy 1 \033[2J\nINSTALL_FAILED code=12 stage=target \033]0;x\007\n'
	expect_status 12
	first_run 'no verdict \033[31m\n'
	expect_status 81
	if grep -aP '[^\x20-\x7e\n]' "$output"; then return 1; fi
}

a_disk_that_does_not_boot_is_not_published() {
	first_run "$GOOD" off --prove-boot --keep-failed
	expect_status 81
	expect_output 'the installed disk does not boot'
	[[ ! -e guest.qcow2 && -e guest.qcow2.failed && -e guest.qcow2.boot.log ]]
	jq -e '.code == 81 and .channels.serial == "successful"' guest.qcow2.verdict.json
}

run_tests "${BASH_SOURCE[0]}"
