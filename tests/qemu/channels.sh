#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# channels.sh — proves that the verdict arrives whole on one channel whatever happens to the other,
# and that a host that does not read keeps no machine from ending
#
# Modules: init/supervise, verdict/virtio_port, verdict/channels.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

# fullpipe NAME — a pipe whose buffer is full, and which stays open without a reader until the test ends.
fullpipe() {
	mkfifo "$1"
	exec {held}<>"$1"
	head -c 65536 /dev/zero >&"$held"
}

# The last verdict among the events, as `code stage` or `successful`.
portverdict() {
	jq -r 'select(.event == "failed" or .event == "successful") |
		if .event == "failed" then "\(.code) \(.stage)" else .event end' "$1" | tail -n 1
}

a_console_that_nobody_reads_leaves_the_verdict_to_the_port() {
	blank_disk disk 2G
	give_keys 'manifest = file:///medium/guest-direct.json'
	fullpipe console
	mapfile -t arguments < <(disk disk && key_drive keys && port "file,path=events")
	run_installer console "${arguments[@]}"
	((status == 0))
	head -n 1 events | jq -e '.event == "hello" and .protocol == 1 and (.version | type == "string")'
	"$TOP/tests/valid-events" events
	[[ $(portverdict events) == successful ]]
	[[ $(tail -n 1 events) == '{"event":"successful"}' ]]
	[[ $(mark_state disk) == 2 ]]
}

# The program floods the kernel's log, and with it the console, until it is killed.
a_flood_of_kernel_messages_and_a_port_that_nobody_reads_spoil_no_verdict() {
	blank_disk disk 2G
	give_keys
	fullpipe unread
	mkdir -p root/sbin
	cat >root/sbin/mkfs.fat <<-'SCRIPT'
		#!/bin/sh
		case $1 in --help) exit ;; esac
		flood() { exec >/dev/kmsg 2>&1 && while :; do echo '<0>INSTALL-FLOOD INSTALL-FLOOD'; done; }
		flood &
		flood &
		sleep 1
		exit 1
	SCRIPT
	chmod 755 root/sbin/mkfs.fat
	initrd=$PWD/initrd
	overlay "$initrd" root
	mapfile -t arguments < <(disk disk && key_drive keys && port "pipe,path=unread")
	more='printk.devkmsg=on' run_installer console "${arguments[@]}"
	expect_refusal console 31 format 'mkfs\.fat'
	(($(grep -ac 'INSTALL-FLOOD' console) > 100))
}

a_host_that_never_connects_and_our_words_in_the_command_line_change_nothing() {
	blank_disk disk 2G
	give_keys
	mapfile -t arguments < <(disk disk && key_drive keys &&
		port "socket,path=unconnected,server=on,wait=off")
	more='INSTALL_SUCCESSFUL guest-installer.INSTALL_SUCCESSFUL=INSTALL_SUCCESSFUL' \
		run_installer console "${arguments[@]}"
	expect_refusal console 2 configuration 'command line: there is no key "INSTALL-SUCCESSFUL"'
	expect_unchanged disk
}

take_boot_files
run_tests "${BASH_SOURCE[0]}"
