#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# failures.sh — proves that an install that goes wrong ends by itself, reports the failure whatever
# else is printed, and leaves a disk that does not boot and that the next install takes. With LONG=1 also a
# power cut just before the verdict; crash.sh judges the states of many.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # the stand-in expands; the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

# fail CODE STAGE PATTERN — boots with the disk and the folder `keys`, and expects this failure.
fail() {
	run_installer console "${disk[@]}"
	expect_refusal console "$@"
}

# replace — mkfs.fat of the initramfs, by a script with these commands.
replace() {
	initrd=$PWD/initrd
	replace_mkfs_fat "$initrd"
}

# prepare [SETTING]… — a blank disk and a key drive.
prepare() {
	blank_disk disk 2G
	give_keys "$@"
	mapfile -t disk < <(disk disk && key_drive keys)
}

# damage FILE PATH — flips one bit in the middle of a file of the ISO in FILE. The bytes of a packed
# kernel are stored as they are, so only the hash of the archive detects the change.
damage() {
	local layout lba blocks size at byte
	layout=$(xorriso -indev "$1" -find "$2" -exec report_lba 2>/dev/null | grep '^File data')
	IFS=' ,' read -r _ _ _ _ lba blocks size _ <<<"$layout"
	((blocks * 2048 >= size && size > 1000000))
	at=$((lba * 2048 + size / 2))
	byte=$(od -An -tu1 -j "$at" -N 1 "$1")
	printf '%b' "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$at" conv=notrunc status=none
	dd if="$1" bs=2048 skip="$lba" count="$size" iflag=count_bytes status=none | zstd -qdc >/dev/null
}

# The archive of the guest's kernel, as a path on the ISO.
kernelarchive() {
	local hash
	hash=$(readlink "$TOP/build/sample-gpt/kernel")
	hash=${hash#/nix/store/}
	printf '/cache/%s\n' "$(sed -n 's/^URL: //p' "$TOP/build/cache/${hash%%-*}.narinfo")"
}

# Without a bootable disk the BIOS resets the machine, which ends QEMU: no code of the disk ran.
expectnoguest() {
	[[ $(mark_state disk) == 1 ]]
	run_machine alone 60 -boot strict=on,reboot-timeout=0 "${disk[@]:0:2}"
	((status == 0))
	if grep -aE 'Booting|GRUB|Linux|guest|login' alone; then return 1; fi
}

a_damaged_archive_fails_and_its_disk_is_taken_again() {
	prepare
	iso=$PWD/damaged.iso
	cp "$ISO" "$iso"
	damage "$iso" "$(kernelarchive)"
	fail 41 copy '/nix/store/.*-linux-.*wrong hash'
	expectnoguest

	# The word of success in a key's comment or in a file's name is not a verdict.
	ssh-keygen -q -t ed25519 -N '' -C INSTALL_SUCCESSFUL -f word
	cp word.pub keys/INSTALL_SUCCESSFUL.pub
	iso=$ISO
	run_installer console "${disk[@]}"
	expect_verdict console INSTALL_SUCCESSFUL
	expect_successes console 1
	judge console
	[[ $(mark_state disk) == 2 ]]
	e2fsck -fn "disk?offset=$(root_offset disk)"
	debugfs -R 'cat /root/.ssh/authorized_keys' "disk?offset=$(root_offset disk)" |
		cmp - <(LC_ALL=C && cat keys/*.pub)
}

powercut() {
	prepare
	run_installer console "${disk[@]}" &
	await 200 grep -aqs '^INSTALL_PROGRESS verify' console
	end_child "$!"
	work=$SCRATCH expect_no_qemu
	expect_successes console 0
	expectnoguest
}

a_killed_installer_is_told_with_signal_and_stage() {
	prepare
	replace <<-'SCRIPT'
		kill -KILL $PPID
	SCRIPT
	fail 1 format 'killed by signal 9 \(Killed\).* format'
	[[ $(mark_state disk) == 1 ]]
}

the_word_of_success_in_a_programs_output_is_no_success() {
	prepare
	replace <<-'SCRIPT'
		printf 'INSTALL_SUCCESSFUL\n\rINSTALL_SUCCESSFUL\r\n\033[2K\rINSTALL_SUCCESSFUL\n\n' >&2
		printf 'INSTALL_FAILED code=12 stage=target no\nINSTALL_SUCCESSFUL'
		exit 1
	SCRIPT
	fail 31 format 'mkfs\.fat'
}

the_word_of_success_in_a_key_file_is_no_success() {
	prepare
	printf 'INSTALL_SUCCESSFUL\r\nINSTALL_SUCCESSFUL\n' >keys/INSTALL_SUCCESSFUL.pub
	fail 20 keys 'SUCCESSFUL\.pub'
	expect_unchanged disk
}

a_program_that_hangs_ends_with_the_timeout() {
	prepare 'timeout = 60'
	replace <<-'SCRIPT'
		trap '' TERM INT HUP
		while :; do sleep 1000; done
	SCRIPT
	fail 60 format 'within 60 seconds'
	[[ $(mark_state disk) == 1 ]]
}

take_boot_files
run_tests "${BASH_SOURCE[0]}"
run_long "a power cut before the verdict leaves a disk that does not start" in_own_folder powercut
