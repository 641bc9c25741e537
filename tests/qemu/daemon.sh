#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# daemon.sh — proves that a guest runs in the background, reports its state, and ends when it is stopped,
# with a stand-in for the guest
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=standin.lib.sh
source "$TOP/tests/qemu/standin.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

a_daemon_tells_its_status_and_stops_within_the_deadline() {
	make_standin guest.raw 'guest is up\n' button
	expect_state 3 stopped
	start_daemon guest.raw
	local line
	line=$(cat "$output")
	expect_state 0 'running, pid '
	expect_output "$line"
	"$TOP/qemu/run-guest" guest.raw --status --json |
		jq -e --arg line "$line" '.state == "running" and "ssh -p \(.ssh.port) root@127.0.0.1" == $line'
	kill -0 "$("$TOP/qemu/run-guest" guest.raw --status --json | jq .pid)"
	run "$TOP/qemu/run-guest" guest.raw --stop --stop-timeout 20
	expect_status 0
	expect_state 3 stopped
	expect_no_qemu
	expect_files guest.raw guest.raw.log
	[[ -z $(ls -A "$TMPDIR") ]]
}

a_daemon_deaf_to_the_button_is_ended_with_83() {
	make_standin guest.raw 'guest is up\n' hang
	start_daemon guest.raw
	run "$TOP/qemu/run-guest" guest.raw --stop --stop-timeout 1
	expect_status 83
	expect_output 'did not power off in 1 s; it was ended'
	expect_state 3 stopped
	expect_no_qemu
	[[ -z $(ls -A "$TMPDIR") ]]
}

to_stop_what_does_not_run_is_no_error() {
	make_standin guest.raw 'guest is up\n' off
	run "$TOP/qemu/run-guest" guest.raw --stop
	expect_status 0
	expect_output 'does not run'
}

a_killed_daemon_leaves_no_qemu_and_the_next_one_goes_on() {
	make_standin guest.raw 'guest is up\n' button
	start_daemon guest.raw
	kill -KILL "$("$TOP/qemu/run-guest" guest.raw --status --json | jq .pid)"
	expect_no_qemu
	expect_state 3 stopped
	start_daemon guest.raw
	run "$TOP/qemu/run-guest" guest.raw --stop
	expect_status 0
	[[ -z $(ls -A "$TMPDIR") ]]
}

a_daemon_that_cannot_start_says_why() {
	make_standin guest.raw 'guest is up\n' button
	run "$TOP/qemu/run-guest" guest.raw --accel tcg --memory 99999999T --daemon
	expect_status 80
	expect_output 'out of range'
	start_daemon guest.raw
	run "$TOP/qemu/run-guest" guest.raw --accel tcg --memory 64M --daemon
	expect_status 82
	run "$TOP/qemu/run-guest" guest.raw --stop
	expect_status 0
}

the_way_to_the_guest_does_not_depend_on_the_environment() {
	make_standin guest.raw 'guest is up\n' button
	mkdir private other
	RUNTIME_DIRECTORY=$PWD/private start_daemon guest.raw
	[[ -e $(echo private/*/monitor) ]]
	XDG_RUNTIME_DIR=$PWD/other run "$TOP/qemu/run-guest" ../here/guest.raw --stop
	expect_status 0
	[[ -z $(find private other -mindepth 1) ]]
}

a_guest_that_first_run_works_on_is_busy() {
	start_first_run 'at work\n' hang
	run "$TOP/qemu/run-guest" guest.qcow2 --status
	expect_status 82
	: >guest.qcow2
	run "$TOP/qemu/run-guest" guest.qcow2 --accel tcg
	expect_status 82
	kill -TERM "$started"
	wait "$started" || true
}

# The folder of the lock is another user's, or is not there yet: the files here are not the state of a guest.
a_state_in_the_current_folder_is_not_believed() {
	make_standin guest.raw 'guest is up\n' button
	printf '{"pid": %d, "ssh": {"host": "127.0.0.1", "port": 1, "user": "root"}}' $$ >state.json
	: >.guest.raw.lock
	exec {lock}<.guest.raw.lock
	flock --exclusive "$lock"
	expect_state 82 'is in use, and not by a guest that runs'
}

a_daemons_console_can_be_joined_and_left() {
	make_standin guest.raw 'guest is up\n' button
	start_daemon guest.raw
	mkfifo keys
	exec {held}<>keys # the key stays in the pipe until it is read
	printf '\035' >&"$held"
	run timeout 20 "$TOP/qemu/run-guest" guest.raw --console <keys
	exec {held}>&-
	expect_state 0 running
	run "$TOP/qemu/run-guest" guest.raw --stop
	expect_status 0
}

run_tests "${BASH_SOURCE[0]}"
