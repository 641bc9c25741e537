#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# host.sh — proves that first-run follows the verdict, the lock and the deadline, and returns its exit
# codes; a stand-in that prints a text and powers off replaces the installer
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=standin.lib.sh
source "$TOP/tests/qemu/standin.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

success_publishes_the_disk_and_leaves_log_and_verdict() {
	first_run 'INSTALL_PROGRESS copy 42 at work\nINSTALL_SUCCESSFUL\n'
	expect_status 0
	expect_output '42% copy: at work'
	expect_files guest.qcow2 guest.qcow2.log guest.qcow2.verdict.json
	[[ $(jq -c '[.code, .channels.serial]' guest.qcow2.verdict.json) == '[0,"successful"]' ]]
	qemu-img check -q guest.qcow2
}

carriage_returns_and_later_kernel_lines_do_not_hide_success() {
	first_run 'INSTALL_SUCCESSFUL\r\n[  9.1] reboot: Power down\r\n'
	expect_status 0
}

failure_gives_the_installers_code_and_sentence_and_no_disk() {
	first_run 'INSTALL_FAILED code=12 stage=target the disk is not blank\n'
	expect_status 12
	expect_output 'target: the disk is not blank'
	expect_files guest.qcow2.log guest.qcow2.verdict.json
}

the_last_verdict_counts() {
	first_run 'INSTALL_SUCCESSFUL\nINSTALL_FAILED code=41 stage=verify differs\n'
	expect_status 41
}

no_verdict_is_81_and_shows_the_end_of_the_log() {
	first_run 'the last words\n'
	expect_status 81
	expect_output 'the last words'
	expect_files guest.qcow2.log guest.qcow2.verdict.json
}

words_that_only_resemble_a_verdict_count_for_nothing() {
	local text
	for text in 'log: INSTALL_SUCCESSFUL\n' 'INSTALL_SUCCESSFULLY\n' 'INSTALL_SUCCESSFUL'; do
		first_run "$text"
		expect_status 81
	done
	first_run 'INSTALL_SUCCESSFUL\nlog: INSTALL_FAILED code=12 stage=target said a child\n'
	expect_status 0
}

codes_outside_1_to_79_are_81() {
	local code
	for code in 0 80 84 100 256 -1 x; do
		first_run "INSTALL_FAILED code=$code stage=copy odd\n"
		expect_status 81
	done
}

the_deadline_ends_qemu_with_83() {
	first_run 'at work\n' hang --timeout 2
	expect_status 83
	expect_files guest.qcow2.log guest.qcow2.verdict.json
	expect_no_qemu
}

an_iso_that_does_not_boot_ends_at_once() {
	mkdir tree
	: >tree/guest-installer.embedded
	xorriso -as mkisofs -quiet -o empty.iso tree 2>messages
	run "$TOP/qemu/first-run" --disk guest.qcow2 --size 64M --iso empty.iso --key key.pub \
		--accel tcg --timeout 60
	expect_status 81
}

a_second_run_of_the_same_guest_is_busy() {
	start_first_run 'at work\n' hang
	run "$TOP/qemu/first-run" --disk ./guest.qcow2 --size 64M --iso standin.iso --key key.pub \
		--timeout 20
	expect_status 82
	grep -q 'at work' guest.qcow2.log
	kill -TERM "$started"
	wait "$started" || true
}

an_existing_disk_is_refused_and_not_touched() {
	echo precious >guest.qcow2
	first_run 'INSTALL_SUCCESSFUL\n'
	expect_status 2
	[[ $(cat guest.qcow2) == precious ]]
	expect_files guest.qcow2
}

after_a_killed_run_the_next_one_goes_on() {
	start_first_run 'at work\n' hang
	kill -KILL "$started"
	wait "$started" 2>/dev/null || true
	expect_no_qemu
	[[ -e .guest.qcow2.installing ]]
	first_run 'INSTALL_SUCCESSFUL\n'
	expect_status 0
	expect_files guest.qcow2 guest.qcow2.log guest.qcow2.log.1 guest.qcow2.verdict.json
	[[ -z $(ls -A "$TMPDIR") ]]
}

a_terminated_run_cleans_up() {
	start_first_run 'at work\n' hang
	kill -TERM "$started"
	status=0
	wait "$started" || status=$?
	expect_status 143
	expect_files guest.qcow2.log guest.qcow2.verdict.json
	expect_no_qemu
	[[ -z $(ls -A "$TMPDIR") ]]
}

the_key_drive_carries_the_keys_and_the_disks_serial() {
	standin_writes
	PATH=$PWD/bin:$PATH first_run 'INSTALL_SUCCESSFUL\n' dump --set swap=1G
	expect_status 0
	grep -qaF "$(cat key.pub)" guest.qcow2.log
	grep -qaE 'disk = serial:gi-[0-9a-f]{16}$' guest.qcow2.log
	grep -qaE 'swap = 1G$' guest.qcow2.log
}

commas_and_spaces_in_folders_do_no_harm() {
	mkdir 'a,b c' 'tmp,x'
	make_standin 'a,b c/standin.iso' 'INSTALL_SUCCESSFUL\n' off
	cp key.pub 'a,b c/'
	TMPDIR=$PWD/tmp,x run "$TOP/qemu/first-run" --disk 'a,b c/x,y.qcow2' --size 64M \
		--iso 'a,b c/standin.iso' --key 'a,b c/key.pub' --accel tcg
	expect_status 0
	[[ -e 'a,b c/x,y.qcow2' && -e 'a,b c/x,y.qcow2.log' ]]
}

a_private_key_is_refused_by_name() {
	run "$TOP/qemu/first-run" --disk guest.qcow2 --size 64M --iso /dev/null --key key
	expect_status 2
	: >standin.iso
	run "$TOP/qemu/first-run" --disk guest.qcow2 --size 64M --iso standin.iso --key key
	expect_status 2
	expect_output 'key is a private key'
	expect_files
}

a_qemu_that_cannot_start_is_80_with_its_reason() {
	first_run '' off --memory 99999999T
	expect_status 80
	expect_output 'out of range'
	expect_files guest.qcow2.log guest.qcow2.verdict.json
}

a_full_host_is_85() {
	local size namespace=(unshare --mount)
	((EUID == 0)) || namespace+=(--map-root-user)
	make_standin standin.iso '' off
	mkdir full
	for size in 64k 400k; do
		# shellcheck disable=SC2016 # expanded by the inner shell
		run "${namespace[@]}" bash -c 'mount -t tmpfs -o "size=$0" full full && exec "$@"' "$size" \
			"$TOP/qemu/first-run" --disk full/guest.qcow2 --size 64M --iso standin.iso --key key.pub \
			--memory 128M --accel tcg --timeout 60
		expect_status 85
		expect_output 'no room'
	done
}

misuse_is_2_and_help_is_0() {
	local tool
	for tool in qemu/first-run qemu/run-guest qemu/demo keys/make-key-drive; do
		run "$TOP/$tool" --help
		expect_status 0
		expect_output "Usage: ${tool##*/}"
		run "$TOP/$tool" --no-such-option
		expect_status 2
	done
	first_run '' off --set 'two words'
	expect_status 2
}

run_tests "${BASH_SOURCE[0]}"
