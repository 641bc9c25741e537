#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# aarch64_install.sh — proves that the ISO for 64-bit ARM installs a guest by UEFI with fresh variables, by the command
# of docs/arm.md, that the guest boots from its disk alone and lets its owner in, that the command verify accepts it, and refuses it once it
# does not start; and that a guest for another architecture is refused in a machine whose kernel QEMU starts
# itself. With LONG=1 also installs without firmware, after a cut, and with GRUB.
#
# Modules: base/architecture, init/machine, verify/systemd_boot, verify/kernel_image, verify/grub_cfg.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # the guest expands; the cases are called by name
BUILT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/aarch64
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../page.lib.sh
source "$TOP/tests/page.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

ISO=$BUILT/guest-installer.iso
ROOT_TYPE=B921B045-1DF0-41C3-AF44-4C6F280D3FAE # Discoverable Partitions Specification

# install_guest DISK [OPTION]… — the tool reads the architecture off the ISO.
install_guest() {
	"$TOP/qemu/first-run" --disk "$1" --size 2G --cores 1 --iso "$ISO" --key key.pub "${@:2}"
}

# The command of docs/arm.md, with this test's names.
install_as_documented() {
	blocks_run_by docs/arm.md tests/qemu/aarch64_install.sh | grep -v '^guest-installer-run-guest guest.qcow2' |
		sed "s,guest.qcow2,disk.raw,; s,size 4G,size 2G,; s,~/.ssh/id_ed25519.pub,key.pub,
			s,--iso [^ ]*,--cores 1 --iso $ISO," >commands
	grep -c '^guest-installer-first-run ' commands
	PATH=$(installed_names):$PATH bash -eux commands
}

it_is_partitioned_for_its_architecture() {
	sfdisk --json disk.raw | tee table
	jq -e --arg root "$ROOT_TYPE" '.partitiontable | .label == "gpt" and (.partitions | map(.name) == ["ESP", "root"])
		and .partitions[1].type == $root' table
	mdir -b -/ -i disk.raw@@2M ::/ | tr -d '\r' | tee files
	grep -Fx ::/EFI/BOOT/BOOTAA64.EFI files
	if grep -i x64 files; then return 1; fi
}

the_guest_is_what_it_says() {
	[[ $(in_guest uname -m) == aarch64 ]]
	in_guest 'test -d /sys/firmware/efi'
	in_guest cat /proc/cmdline | tee line
	grep -F "init=$(readlink "$BUILT/sample-systemd-boot")/init " line
	[[ $(in_guest 'findmnt -no SOURCE,FSTYPE /') == '/dev/vda2 ext4' ]]
}

the_command_verify_accepts_it() {
	verified 0 "^system: $(readlink "$BUILT/sample-systemd-boot")$" true
}

what_does_not_start_is_refused() {
	verified 41 'has no file /boot/EFI/BOOT/BOOTAA64.EFI, so UEFI cannot start it' 'rm EFI/BOOT/BOOTAA64.EFI'
	verified 41 'Image.efi differs from ' 'echo other >EFI/nixos/*Image.efi'
}

# another_guest — the ISO's manifest as one for x86-64, on an ISO beside it.
another_guest() {
	jq '.platform = "x86_64-linux"' "$BUILT/guest.json" >guest-x86.json
	xorriso -indev "$ISO" -outdev changed.iso -boot_image any replay -map guest-x86.json /guest-x86.json \
		2>xorriso.said || { cat xorriso.said && return 1; }
}

# refused CODE PATTERN OPTION… — the install ends with the code and such a sentence, and no disk appears.
refused() {
	local code=0
	install_guest refused.raw "${@:3}" >said 2>&1 || code=$?
	cat said
	[[ $code == "$1" && ! -e refused.raw ]]
	grep -E "$2" said
}

a_guest_for_x86_64_is_refused() {
	another_guest
	refused 2 'The guest is made for x86_64, but this machine and its installer are aarch64' \
		--iso changed.iso --direct --set manifest=file:///medium/guest-x86.json
}

two_blank_disks_are_refused() {
	refused 11 'disk' --direct --set disk=auto --extra-disk second.raw:2G
}

reached() {
	grep -aqs "^INSTALL_PROGRESS $1" disk.raw.log
}

# An existing disk is kept when the tool is killed, and QEMU with it.
a_cut_leaves_an_unfinished_disk() {
	local tool status=0
	rm -f disk.raw*
	truncate -s 2G disk.raw
	"$TOP/qemu/first-run" --disk disk.raw --existing --cores 1 --iso "$ISO" --key key.pub --direct \
		>said 2>&1 </dev/null &
	tool=$!
	await 300 reached 'copy [3-9]'
	kill -KILL "$tool"
	wait "$tool" || status=$?
	[[ $status == 137 && $(mark_state disk.raw) == 1 ]]
}

the_next_run_finishes_it() {
	"$TOP/qemu/first-run" --disk disk.raw --existing --cores 1 --iso "$ISO" --key key.pub --direct
	[[ $(mark_state disk.raw) == 2 ]]
	disk_is_clean disk.raw
}

# The kernel is the guest's own here, so that the initrd has its modules.
a_kernel_of_the_host_runs_a_script() {
	local status=0
	printf '%s\n' '#!/bin/sh' 'uname -m' 'cat /proc/cmdline' 'exit 7' >script
	"$TOP/qemu/run-guest" disk.raw --cores 1 --kernel "$BUILT/linux/Image" --append own=1 --snapshot \
		--run script --identity key >said 2>messages || status=$?
	cat said messages
	[[ $status == 7 && $(head -n 1 said) == aarch64 ]]
	grep -E "^init=$(readlink "$BUILT/sample-systemd-boot")/init .* own=1" said
}

was_booted_by_grub() {
	in_guest cat /proc/cmdline | tee line
	[[ $(<line) == BOOT_IMAGE=*" init=$(readlink "$BUILT/sample-grub-uefi")/init "* ]]
}

cd "$SCRATCH"
ESP_NUMBER=1
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case 'the command of the document installs the guest by UEFI from the ISO' install_as_documented
enough
run_case 'it is partitioned for its architecture' it_is_partitioned_for_its_architecture
run_case 'its disk is clean' disk_is_clean disk.raw
run_case 'a copy is made for the guest' copy_for_the_guest disk.raw
start_guest disk.raw --disk copy.raw
run_case 'it boots by UEFI with fresh variables and lets its owner in' guest_lets_in
enough
run_case 'it is a guest of 64-bit ARM that systemd-boot has started' the_guest_is_what_it_says
run_case 'its store is that of the build' entries_are_those_of_the_source systemd-boot
run_case 'the guest takes the copy and the installer' the_guest_takes_the_copy
run_case 'the command verify accepts a copy of the disk' the_command_verify_accepts_it
run_case 'what does not start is refused with its reason' what_does_not_start_is_refused
press_the_power_button
run_case 'the power button ended it' guest_ended_well
run_case 'a machine of 64-bit ARM refuses a guest for x86-64' a_guest_for_x86_64_is_refused
the_rest_is_long
run_long 'two blank disks are refused' two_blank_disks_are_refused
run_long 'a cut in the middle leaves an unfinished disk' a_cut_leaves_an_unfinished_disk
run_long 'the next run finishes it, without firmware' the_next_run_finishes_it
start_guest disk.raw
run_long 'that guest boots and lets its owner in' guest_lets_in
press_the_power_button
run_long 'the power button ended it, too' guest_ended_well
run_long 'a kernel from the host runs a script in it' a_kernel_of_the_host_runs_a_script
rm -f disk.raw*
run_long 'a guest with GRUB is installed' \
	install_guest disk.raw --direct --set manifest=file:///medium/guest-grub-uefi.json
start_guest disk.raw
run_long 'it boots and lets its owner in' guest_lets_in
run_long 'GRUB has started it' was_booted_by_grub
press_the_power_button
run_long 'the power button ended that one' guest_ended_well
