#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# running.sh — proves that an install on a running system keeps the key drive's passwords where
# other users cannot read them, and leaves neither passwords nor an active swap file, however it ends;
# and that it waits for disks that appear late
# Modules: init/settle.
# shellcheck source-path=SCRIPTDIR
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

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
	run_machine serial 300 -kernel "$boot/vmlinux" -initrd initrd \
		-append "$(cat "$boot/command-line") mitigations=off" "${drives[@]}"
	tr -d '\r' <serial >lines
	cat lines
	((status == 0))
	expect_unchanged disk
}

# said STEP STATUS — the output of the step, if it ended with STATUS.
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

# The same machine with the engine nixos-install, and less memory than that wants.
run_builds() {
	rm keys/guest-installer.conf keys/netrc
	mkdir root/etc
	echo 'engine = nixos-install' >root/etc/guest-installer.conf
	cat >root/bin/nixos-generate-config <<-'END'
		#!/bin/sh -e
		mkdir -p "$2/etc/nixos"
		echo '{ }' >"$2/etc/nixos/configuration.nix"
	END
	cat >root/bin/nixos-install <<-'END'
		#!/bin/sh
		: >/building
		exec sleep 1000
	END
	chmod +x root/bin/nixos-*
	truncate -s 8G disk
	overlay initrd root
	mapfile -t drives < <(disk disk && key_drive keys)
	run_machine serial 300 -m 1024 -kernel "$boot/vmlinux" -initrd initrd \
		-append "$(cat "$boot/command-line") mitigations=off run=build" "${drives[@]}"
	tr -d '\r' <serial >lines
	cat lines
	((status == 0))
}

swap_is_given_up() {
	said stopped 0 | grep '^while: .*/guest-installer/swap'
	said stopped 0 | grep '^INSTALL_FAILED code=1 stage=copy'
	said killed-building 0 | grep '^while: .*/guest-installer/swap'
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "the system runs all its steps" run_system
enough
run_case "it waits for a key drive that appears late, and an install that fails says so" said ended 42
run_case "it leaves no file behind" nothing_in kept-ended
run_case "passwords are used" passwords_are_used
run_case "nobody else can read them meanwhile" nothing_in kept-waiting
run_case "neither does one that is killed leave them, nor a plan" nothing_in kept-killed \
	kept-plan-killed
run_case "it is ended while nixos-install builds" run_builds
enough
run_case "it leaves no swap file in use, stopped or killed" swap_is_given_up
