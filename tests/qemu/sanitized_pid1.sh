#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sanitized_pid1.sh — proves that PID 1 and the process that installs run without a report of AddressSanitizer or
# UndefinedBehaviorSanitizer in a machine: the program of `make asan` is the /init of an initramfs, with its
# libraries. With LONG=1 also when it refuses a disk, is cut, resumes, and reaches its deadline; and that a
# byte written behind an allocation is reported and ends the install with code 1.
#
# Leaks are not found: LeakSanitizer runs at exit(3), and both processes end by _exit(2) or reboot(2). The
# line "ASan is ignoring requested __asan_handle_no_return" is no report: it is printed because /proc, where
# the sanitizer looks for the bounds of the stack, is mounted by PID 1 itself.
#
# Modules: init/pid1, init/supervise.
# shellcheck source-path=SCRIPTDIR disable=SC2034,SC2317 # read by run_installer; the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=cut.lib.sh
source "$TOP/tests/qemu/cut.lib.sh"

REPORT='ERROR: [A-Za-z]*Sanitizer|SUMMARY: |runtime error: |DEADLYSIGNAL'
DIRECT='manifest = file:///medium/guest-direct.json'

# sanitized_initrd FILE PROGRAM — the initramfs with PROGRAM in place of the static installer.
sanitized_initrd() {
	local library
	rm -rf root
	install -D -m 755 "$2" root/init
	while read -r library; do
		install -D -m 755 "$library" "root$library"
	done < <(ldd "$2" | grep -o '/lib[^ ]*')
	[[ -e root/lib64/ld-linux-x86-64.so.2 && $(find root -name 'libasan.so*') ]]
	overlay "$1" root
}

# run_sanitized [QEMU ARGUMENT]… — shadow memory and quarantine need more than the 512 MiB of other machines.
run_sanitized() {
	run_installer console -m 1536 "$@"
}

no_report() {
	if grep -aE "$REPORT" console; then return 1; fi
}

# prepare [SETTING]… — a blank disk and a key drive.
prepare() {
	blank_disk disk 2G
	rm -rf keys
	give_keys "$@"
	mapfile -t arguments < <(disk disk && key_drive keys)
}

it_installs() {
	prepare "$DIRECT"
	run_sanitized "${arguments[@]}"
	expect_verdict console INSTALL_SUCCESSFUL
	[[ $(mark_state disk) == 2 ]]
	no_report
}

it_refuses_a_disk() {
	prepare "$DIRECT"
	echo data | dd of=disk bs=1M seek=3 conv=notrunc status=none
	run_sanitized "${arguments[@]}"
	expect_refusal console 12 target 'holds data'
	no_report
}

it_is_cut() {
	prepare
	kill_at console '^INSTALL_PROGRESS copy [0-9]+ [1-9][0-9]+ of' run_sanitized "${arguments[@]}"
	[[ $(mark_state disk) == 1 ]]
	no_report
}

it_resumes() {
	mapfile -t arguments < <(disk disk && key_drive keys)
	run_sanitized "${arguments[@]}"
	expect_verdict console INSTALL_SUCCESSFUL
	no_report
}

it_reaches_its_deadline() {
	prepare 'timeout = 60'
	replace_mkfs_fat initrd.hangs <<-'SCRIPT'
		trap '' TERM INT HUP
		while :; do sleep 1000; done
	SCRIPT
	initrd=initrd.hangs run_sanitized "${arguments[@]}"
	expect_refusal console 60 format 'within 60 seconds'
	no_report
}

# The same program with a function that writes behind its allocation.
build_overflow() {
	# UndefinedBehaviorSanitizer sees the write first, and would end the program before AddressSanitizer does.
	build_sanitized overflow -fsanitize-recover=undefined -Wl,--wrap=machine_check_memory \
		"$TOP/build/asan/main.o" "$TOP/tests/qemu/overflow.c"
}

an_overflow_is_reported() {
	build_overflow
	sanitized_initrd initrd.overflow "$PWD/overflow"
	prepare "$DIRECT"
	initrd=initrd.overflow run_sanitized "${arguments[@]}"
	expect_refusal console 1 '[a-z]+' ''
	grep -aE 'ERROR: AddressSanitizer: heap-buffer-overflow' console
	if no_report; then return 1; fi
	expect_unchanged disk
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
initrd=initrd.sanitized seconds=400
# The kernel passes a word that it does not know to init as a variable of its environment.
more=ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1
run_case "the initramfs gets the sanitized program" sanitized_initrd "$initrd" "$TOP/build/asan/guest-installer"
run_case "it installs, and nothing is reported" it_installs
run_long "it refuses a disk, and nothing is reported" it_refuses_a_disk
run_long "it is cut, and nothing is reported" it_is_cut
run_long "it resumes, and nothing is reported" it_resumes
run_long "it reaches its deadline, and nothing is reported" it_reaches_its_deadline
run_long "a byte written behind an allocation is reported, and ends the install" an_overflow_is_reported
