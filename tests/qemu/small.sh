#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# small.sh — proves that too little memory is reported before the first write. together.sh proves that 256 MiB
# are enough.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

refuse_too_little() {
	local arguments
	blank_disk blank.raw 2G
	give_keys
	mapfile -t arguments < <(disk blank.raw && key_drive keys)
	run_installer console "${arguments[@]}" -m 124
	expect_refusal console 14 start 'has [0-9]+ MiB of memory left, but an install needs 32 MiB'
	expect_unchanged blank.raw
}

# GRUB reports it: the memory is too small to load the kernel.
refuse_too_little_under_uefi() {
	status=0
	"$TOP/qemu/first-run" --disk none.raw --size 2G --cores 1 --iso "$ISO" --key key.pub --memory 128M \
		--firmware uefi --timeout 600 || status=$?
	[[ $status == 14 && ! -e none.raw ]]
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "a machine with 124 MiB is refused, its disk left alone" refuse_too_little
run_case "UEFI with 128 MiB says so, too" refuse_too_little_under_uefi
