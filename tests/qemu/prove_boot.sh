#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# prove_boot.sh — proves that --prove-boot refuses a guest whose SSH server answers but refuses its owner,
# and that it is not published; first_run.sh proves the same of a disk that does not boot, and together.sh
# that a good disk passes
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

# The host copies the disk with this program before the proof. Keys in a folder of another user: sshd answers
# and ignores them.
give_keys_away_when_copied() {
	mkdir bin
	cat >bin/qemu-img <<-END
		#!/bin/bash
		set -e
		$(command -v qemu-img) "\$@"
		[[ \$1 == convert ]] || exit 0
		at=\$(partx -g -o START "\${@: -1}" | tail -n 1)
		debugfs -w -R 'set_inode_field /root/.ssh uid 4242' "\${@: -1}?offset=\$((at * 512))"
		: >$PWD/opened
	END
	chmod +x bin/qemu-img
}

guest_that_refuses_its_owner_is_refused() {
	local status=0
	PATH=$PWD/bin:$PATH:/usr/sbin "$TOP/qemu/first-run" --disk guest.raw --size 2G --cores 1 --iso "$ISO" \
		--key key.pub --direct --prove-boot --set manifest=file:///medium/guest-bios.json >said 2>&1 || status=$?
	cat said
	[[ -e opened && $status == 81 ]]
	grep -E 'does not let its owner in: .*Permission denied' said
	[[ ! -e guest.raw && -e guest.raw.boot.log && ! -e .guest.raw.proof ]]
	jq -e '.code == 81 and .channels.serial == "successful"' guest.raw.verdict.json
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
give_keys_away_when_copied
run_case "a guest that refuses its owner is not published" guest_that_refuses_its_owner_is_refused
