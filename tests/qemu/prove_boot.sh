#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# prove_boot.sh — proves that --prove-boot refuses a disk whose boot sector was wiped after the
# installer had reported success, and a guest whose SSH server answers but refuses its owner, and
# that neither is published; together.sh proves that a good disk passes
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

# The host looks at the disk with this program after the installation and before the proof.
wipe_when_checked() {
	mkdir bin
	cat >bin/qemu-img <<-END
		#!/bin/bash
		set -e
		if [[ \$1 == check ]]; then
			$(command -v qemu-io) -f qcow2 -c 'write -q -P 0 0 512' "\${@: -1}"
			: >wiped
		fi
		# Keys in a folder of another user: sshd answers and ignores them.
		if [[ \$1 == convert && -e $PWD/foreign-keys ]]; then
			$(command -v qemu-img) "\$@"
			at=\$(partx -g -o START "\${@: -1}" | tail -n 1)
			debugfs -w -R 'set_inode_field /root/.ssh uid 4242' "\${@: -1}?offset=\$((at * 512))"
			: >$PWD/opened
			exit
		fi
		exec $(command -v qemu-img) "\$@"
	END
	chmod +x bin/qemu-img
}

wiped_disk_is_refused() {
	local status=0
	PATH=$PWD/bin:$PATH "$TOP/qemu/first-run" --disk guest.qcow2 --size 2G --cores 1 --iso "$ISO" \
		--key key.pub --direct --prove-boot --keep-failed >said 2>&1 || status=$?
	cat said
	[[ -e wiped && $status == 81 ]]
	grep -F 'the installed disk does not boot' said
	[[ ! -e guest.qcow2 && -e guest.qcow2.failed && -e guest.qcow2.boot.log ]]
	jq -e '.code == 81 and .channels.serial == "successful"' guest.qcow2.verdict.json
}

guest_that_refuses_its_owner_is_refused() {
	local status=0
	touch foreign-keys
	PATH=$PWD/bin:$PATH:/usr/sbin "$TOP/qemu/first-run" --disk guest.raw --size 2G --cores 1 --iso "$ISO" \
		--key key.pub --direct --prove-boot >said 2>&1 || status=$?
	cat said
	[[ -e opened && $status == 81 ]]
	grep -E 'does not let its owner in: .*Permission denied' said
	[[ ! -e guest.raw && -e guest.raw.boot.log && ! -e .guest.raw.proof ]]
	jq -e '.code == 81 and .channels.serial == "successful"' guest.raw.verdict.json
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
wipe_when_checked
run_case "a disk without a boot sector is not published" wiped_disk_is_refused
run_case "a guest that refuses its owner is not published" guest_that_refuses_its_owner_is_refused
