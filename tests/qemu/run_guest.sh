#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run_guest.sh — proves that run-guest tells its SSH port, shows the console, powers the guest off and
# obeys the file .guest, with a stand-in for the guest
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=standin.lib.sh
source "$TOP/tests/qemu/standin.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

the_console_and_the_ssh_command_are_shown_until_the_guest_powers_off() {
	make_standin guest.raw 'guest is up\n' off
	run "$TOP/qemu/run-guest" guest.raw --accel tcg --memory 64M
	expect_status 0
	expect_output 'guest is up'
	expect_output 'ssh -p '
	[[ -z $(ls -A "$TMPDIR") ]]
}

the_console_can_go_to_a_log() {
	make_standin guest.raw 'guest is up\n' off
	run "$TOP/qemu/run-guest" guest.raw --accel tcg --memory 64M --log 'a,log'
	expect_status 0
	grep -q 'guest is up' 'a,log'
}

a_signal_presses_the_power_button() {
	local signal
	make_standin guest.raw 'guest is up\n' button
	for signal in TERM HUP; do
		start_guest guest.raw
		kill "-$signal" "$started"
		wait_for_end "$started"
		output=guest.raw.err expect_status 0
	done
	expect_no_qemu
}

a_guest_deaf_to_the_button_is_ended_with_83() {
	make_standin guest.raw 'guest is up\n' hang
	start_guest guest.raw --stop-timeout 1
	kill -TERM "$started"
	wait_for_end "$started"
	output=guest.raw.err expect_status 83
	expect_no_qemu
}

a_killed_run_guest_leaves_no_qemu() {
	make_standin guest.raw 'guest is up\n' hang
	start_guest guest.raw
	kill -KILL "$started"
	wait_for_end "$started" 2>/dev/null
	expect_no_qemu
}

two_guests_get_ports_of_their_own_where_qemu_listens() {
	make_standin one.raw 'guest is up\n' button
	make_standin two.raw 'guest is up\n' button
	local one two
	start_guest one.raw && one=$started
	start_guest two.raw && two=$started
	[[ $(ssh_port_of one.raw) != "$(ssh_port_of two.raw)" ]]
	: <>"/dev/tcp/127.0.0.1/$(ssh_port_of two.raw)"
	kill -TERM "$one" "$two"
	wait "$one" "$two"
}

a_named_port_is_used_and_a_taken_one_is_80() {
	make_standin one.raw 'guest is up\n' button
	make_standin two.raw 'guest is up\n' button
	start_guest one.raw
	local port
	port=$(ssh_port_of one.raw)
	run "$TOP/qemu/run-guest" two.raw --accel tcg --memory 64M --ssh-port "$port"
	expect_status 80
	kill -TERM "$started"
	wait "$started"
	start_guest two.raw --ssh-port "$port"
	[[ $(ssh_port_of two.raw) == "$port" ]]
	kill -TERM "$started"
	wait "$started"
}

the_same_disk_cannot_run_twice() {
	make_standin guest.raw 'guest is up\n' button
	start_guest guest.raw
	run "$TOP/qemu/run-guest" guest.raw --accel tcg --memory 64M
	expect_status 82
	expect_output 'another run has'
	kill -TERM "$started"
	wait "$started"
}

the_console_is_left_by_its_key() {
	make_standin guest.raw 'guest is up\n' button
	mkfifo keys
	"$TOP/qemu/run-guest" guest.raw --accel tcg --memory 64M --console <>keys >console 2>"$output" &
	started=$!
	wait_for_text console 'guest is up'
	expect_output 'Ctrl-] leaves'
	printf '\035' >keys
	wait_for_end "$started"
	expect_status 0
	expect_output "power button"
	expect_no_qemu
}

usb_devices_are_passed_by_their_numbers() {
	options_of guest.raw --usb 8564:1000 --usb 1B3F:2002
	expect_status 80
	grep -qx 'qemu-xhci,id=usb' arguments
	grep -qx 'usb-host,bus=usb.0,vendorid=0x8564,productid=0x1000' arguments
	grep -qx 'usb-host,bus=usb.0,vendorid=0x1b3f,productid=0x2002' arguments
	options_of guest.raw --usb 8564
	expect_status 2
}

the_file_has_the_options_and_the_command_line_comes_after() {
	cat >.guest <<-'END'
		# a comment
		guest = guest.raw

		memory = 96M
		disk = 3M
		snapshot = yes
		run = absent
	END
	options_of --daemon --memory 80M --disk 5M
	expect_status 80
	grep -qx 80M arguments
	grep -q 'snapshot=on,file=.*/here/guest.raw$' arguments
	[[ $(grep -c '^virtio-blk-pci,drive=disk[12],serial=disk[12]$' arguments) == 2 ]]
	options_of guest.raw
	if grep -q snapshot=on arguments; then return 1; fi
}

errors_of_the_file_name_its_line() {
	local line
	while IFS='|' read -r line message; do
		printf 'guest = guest.raw\n%s\n' "$line" >.guest
		run "$TOP/qemu/run-guest"
		expect_status 2
		expect_output ".guest:2: $message"
	done <<-'END'
		colour = blue|unknown option 'colour'
		memory|not a line
		memory =|memory needs a value
		snapshot = true|snapshot takes yes or no
		guest = other.raw|guest is said twice
	END
	printf 'guest = guest.raw\n' >.guest
	chmod o+w .guest
	run "$TOP/qemu/run-guest"
	expect_status 2
	expect_output 'others than you can write it'
}

a_missing_disk_is_2() {
	run "$TOP/qemu/run-guest" absent.qcow2
	expect_status 2
}

run_tests "${BASH_SOURCE[0]}"
