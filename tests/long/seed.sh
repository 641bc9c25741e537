#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# seed.sh — proves that two installs with one seed give the same disk, but for the listed files and
# the times and places that the kernel chooses; and that without a seed nothing is shared
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

readonly SEED=11111111-2222-4333-8444-555555555555
# What may differ in the root: the seconds of every stage, and what must not be known beforehand.
readonly DIFFERENT='etc/ssh/ssh_host_ed25519_key
etc/ssh/ssh_host_ed25519_key.pub
var/lib/systemd/random-seed
var/log/guest-installer.log'

# install_to DISK [LINE]…
install_to() {
	local arguments
	truncate -s 2G "$1"
	rm -rf keys
	give_keys "${@:2}"
	mapfile -t arguments < <(disk "$1" && key_drive keys)
	run_installer console "${arguments[@]}"
	expect_verdict console INSTALL_SUCCESSFUL
}

# identities DISK — every identifier of the disk and its parts.
identities() {
	local at
	at="$1?offset=$(root_offset "$1")"
	sfdisk --json "$1" | jq -r '.partitiontable | .id, .partitions[].uuid'
	blkid -p -O $((2 << 20)) -o value -s UUID "$1"
	dumpe2fs -h "$at" 2>"$SCRATCH/messages" | sed -nE 's/^(Filesystem UUID|Directory Hash Seed): +//p'
}

# contents — type, mode, owner, target and hash of every file below the current folder.
contents() {
	find . -mindepth 1 -printf '%P %y %m %U:%G %l\n' | sort
	find . -type f -print0 | sort -z | xargs -0 sha256sum
}

esp() {
	mkdir "$1.files"
	mcopy -s -i "$1@@2M" ::/ "$1.files"
	(cd "$1.files" && contents)
}

root() {
	local offset
	offset=$(root_offset "$1")
	mkdir -p mnt
	mount -o "ro,loop,offset=$offset,sizelimit=$(($(stat -c %s "$1") - offset - MIB))" "$1" mnt
	(cd mnt && contents) || { umount mnt && return 1; }
	umount mnt
}

same_identities() {
	diff <(identities one) <(identities two)
	[[ $(identities one | wc -l) == 7 ]]
}

# FAT writes the clock's time into every entry: what it holds is the same.
same_esp() {
	esp one >one.esp
	grep BOOTX64.EFI one.esp
	esp two | diff one.esp -
}

same_root_but_for_the_listed() {
	root one >one.root
	root two >two.root
	(($(wc -l <one.root) > 1000))
	diff one.root two.root | tee difference || true
	sed -nE 's,^[<>] [0-9a-f]{64}  \./,,p' difference | sort -u | diff <(echo "$DIFFERENT") -
	# Neither did a name, a mode or an owner differ.
	! grep -vE '^([<>] [0-9a-f]{64}  |[0-9,]+c[0-9,]+$|---$)' difference
}

nothing_shared_without_a_seed() {
	! grep -Fxf <(identities one) <(identities three)
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "a guest is installed with a seed" install_to one "seed = $SEED"
run_case "another one is installed with the same seed" install_to two "seed = $SEED"
run_case "a third one is installed without a seed" install_to three
enough
run_case "the same seed gives the same identities" same_identities
run_case "the same seed gives the same files in the EFI system partition" same_esp
run_case "the same seed gives the same files in the root" same_root_but_for_the_listed
run_case "without a seed no identity is shared" nothing_shared_without_a_seed
