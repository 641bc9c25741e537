#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# prove_boot.sh — proves that --prove-boot refuses a disk whose boot sector was wiped after the
# installer had said success, and leaves nothing published; together.sh proves that it
# accepts a good disk
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
		exec $(command -v qemu-img) "\$@"
	END
	chmod +x bin/qemu-img
}

wiped_disk_is_refused() {
	local status=0
	PATH=$PWD/bin:$PATH "$TOP/qemu/first-run" --disk guest.qcow2 --size 2G --iso "$ISO" \
		--key key.pub --direct --prove-boot --keep-failed >said 2>&1 || status=$?
	cat said
	[[ -e wiped && $status == 81 ]]
	grep -F 'the installed disk does not boot' said
	[[ ! -e guest.qcow2 && -e guest.qcow2.failed && -e guest.qcow2.boot.log ]]
	jq -e '.code == 81 and .channels.serial == "successful"' guest.qcow2.verdict.json
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
wipe_when_checked
run_case "a disk without a boot sector is not published" wiped_disk_is_refused
