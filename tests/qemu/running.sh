#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# running.sh — proves that an install on a running system keeps the key drive's passwords where
# nobody else can read them, and leaves nothing of them, however it ends
# shellcheck source-path=SCRIPTDIR
# shellcheck source=../lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
# shellcheck source=machine.sh
source "$TOP/tests/qemu/machine.sh"

run_system() {
	mkdir -p root/bin keys
	cp "$TOP/tests/qemu/running-init" root/init
	cp "$TOP/build/guest-installer" root/bin/
	give_keys 'fetch-attempts = 1' 'manifest = http://127.0.0.1/guest.json' \
		"manifest-sha256 = $(sha256sum </dev/null | cut -d ' ' -f 1)"
	echo 'machine 127.0.0.1 login me password geheim' >keys/netrc
	blank_disk disk 2G
	overlay initrd root
	mapfile -t drives < <(disk disk && key_drive keys)
	run_machine serial 300 -kernel "$boot/vmlinuz" -initrd initrd \
		-append "console=ttyS0 panic=-1 quiet scsi_mod.scan=sync" "${drives[@]}"
	tr -d '\r' <serial >lines
	cat lines
	((status == 0))
	expect_unchanged disk
}

# said STEP STATUS — what the step said, if it ended so.
said() {
	sed -n "/^>>> $1\$/,/^<<< /p" lines >step
	cat step
	[[ $(tail -n 1 step) == "<<< $2" ]]
}

passwords_are_used() {
	said waiting 0 | grep "^Authorization: Basic $(printf me:geheim | base64)"
	said waiting-plan 0 | grep '^Authorization: Basic'
}

# nothing_in STEP…
nothing_in() {
	local step
	for step; do
		said "$step" 0
		if grep '^/run' step; then return 1; fi
	done
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "the system runs all its steps" run_system
enough
run_case "an install that fails says so" said ended 42
run_case "it leaves no file behind" nothing_in kept-ended
run_case "passwords are used" passwords_are_used
run_case "nobody else can read them meanwhile" nothing_in kept-waiting
run_case "neither does one that is killed leave them, nor a plan" nothing_in kept-killed \
	kept-plan-killed
