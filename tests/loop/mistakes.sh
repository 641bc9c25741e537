#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mistakes.sh — proves that after a typical mistake the first line that the user sees names the fix
#
# Here are the mistakes that the host or `plan` finds, made by an ordinary user with the installed names of the
# tools. Four are found in a machine only; other files make them, and the last points see that they still do:
#
#   two disks, disk with content,
#   configuration.nix that would be ignored, wrong firmware    tests/qemu/refusals.sh
#   no network                                                 tests/net/guest.sh
#   old ISO left in the drive                                  tests/qemu/installed.lib.sh
#   too little memory for GRUB on UEFI                         tests/qemu/small.sh (the text: iso/assemble)
#
# Modules: verify_command, disk/image_container.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

as_user() {
	if ((UID)); then
		"$@"
	else
		setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$PWD/user" "$@"
	fi
}

# The tools as `make install` links them, and an ISO's root folder without an installer.
prepare() {
	chmod 755 .
	mkdir -p bin share/guest-installer user other.tree iso.tree
	cp -r "$TOP/qemu" "$TOP/keys" share/guest-installer/
	ln -s ../share/guest-installer/qemu/first-run bin/guest-installer-first-run
	ln -s ../share/guest-installer/qemu/run-guest bin/guest-installer-run-guest
	cp "$TOP/build/guest-installer" bin/
	cp -r "$TOP/build/cache" cache
	cp "$TOP"/build/guest*.json .
	ssh-keygen -q -t ed25519 -N '' -C tester -f user/key
	: >iso.tree/guest-installer.embedded
	xorriso -as mkisofs -quiet -o iso iso.tree 2>messages
	echo other >other.tree/readme
	xorriso -as mkisofs -quiet -o other.iso other.tree 2>messages
	truncate -s 1M blank
	echo precious >user/there.qcow2
	truncate -s 100M user/small.img
	truncate -s 1600M user/content.img user/blank.img
	qemu-img create -q -f qcow2 user/blank.qcow2 1G
	for format in qcow2 vmdk vdi vhdx vpc qed parallels; do
		qemu-img create -q -f "$format" "user/image.$format" 2G
	done
	mke2fs -Fqt ext4 -L precious user/content.img
	((UID)) || chown -R 65534 user
	chmod -R go+rX .
}

# first_line CODE PATTERN COMMAND… — the command ends with this code, and its first line is like this.
first_line() {
	local code=$1 pattern=$2 status=0
	shift 2
	as_user "$@" >said 2>&1 || status=$?
	cat said
	[[ $status == "$code" ]] && head -n 1 said | grep -Eq -- "$pattern"
}

# refuses CODE PATTERN OPTION… — first-run refuses these options, and starts nothing.
refuses() {
	first_line "$1" "^guest-installer-first-run: .*$2" bin/guest-installer-first-run "${@:3}"
	[[ -z $(find user -newer prepared -name '*.log') ]]
}

# starts_nothing DISK — run-guest refuses a disk without a guest.
starts_nothing() {
	first_line 2 '^guest-installer-run-guest: no firmware boots .*blank; install a guest on it by .*--existing, or give a kernel' \
		bin/guest-installer-run-guest "$1"
}

first() {
	refuses "$1" "$2" --disk user/guest.qcow2 --size 4G --iso iso --key user/key.pub "${@:3}"
}

# unplanned CODE PATTERN OPTION… — plan refuses an image file; its first line on standard error counts.
unplanned() {
	local code=$1 pattern=$2 status=0
	as_user bin/guest-installer plan --cache cache --key user/key.pub --layout direct \
		--manifest guest-direct.json --set "trusted-keys=$(sample_key)" "${@:3}" 2>said >planned || status=$?
	cat said
	[[ $status == "$code" ]] && head -n 1 said | grep -Eq -- "$pattern"
}

# asserted FILE TEXT — another file expects this.
asserted() {
	grep -F -- "$2" "$TOP/tests/$1"
}

cd "$SCRATCH"
run_case "the tools, ISOs and disks can be made" prepare
touch prepared
SUM=$(printf '0%.0s' {1..64})
run_case "no key" refuses 2 '--key is needed \(or --set keys=none\)' \
	--disk user/guest.qcow2 --size 4G --iso iso
run_case "a private key" first 2 'key is a private key: .*put the public key \(\.pub\) here' --key user/key
run_case "a disk too small, known on the host" first 2 'no guest fits on a disk below 64M; did you mean 4G\?' --size 4
run_case "a disk too small for this guest" unplanned 14 'is too small, .* are needed\. Give it a larger disk' \
	--disk "$PWD/user/small.img"
run_case "too little memory" first 2 '--memory 64M is too small: the installer needs 128M' --memory 64M
run_case "another manifest than the hash says" unplanned 41 'manifest-sha256 says: get the right file, or set' \
	--disk "$PWD/user/blank.img" --set "manifest-sha256=$SUM"
run_case "a disk that exists" first 2 'exists already; remove it, or use it as it is with --existing' \
	--disk user/there.qcow2
run_case "an image with content" unplanned 12 'holds an ext4 .* \[wipe=[0-9a-f]{16}\]\. Say wipe=TOKEN to' \
	--disk "$PWD/user/content.img"
for format in qcow2 vmdk vdi vhdx vpc qed parallels; do
	run_case "an image in the format $format of QEMU" unplanned 2 'is a [a-zA-Z0-9]* image, .* name a raw file' \
		--disk "$PWD/user/image.$format"
done
run_case "an ISO of another system" first 2 "is not an ISO of guest-installer, .*make iso.*--iso" --iso other.iso
run_case "a file that is no ISO" first 2 'is no ISO image: name the guest-installer.iso by --iso' --iso blank
run_case "a folder of another user" first 2 'cannot write to the folder .*: Permission denied; choose' \
	--disk "$PWD/guest.qcow2"
run_case "a blank disk started as a guest, raw" starts_nothing user/blank.img
run_case "a blank disk started as a guest, qcow2" starts_nothing user/blank.qcow2
run_case "no size" refuses 2 '--size \(or --existing\) is needed' \
	--disk user/guest.qcow2 --iso iso --key user/key.pub
run_case "a unit that first-run does not take" first 2 "not '4GiB'; write 4G" --size 4GiB
run_case "a setting that does not exist" first 2 'there is no key "wpie", "wipe" was probably meant' \
	--set wpie=force
run_case "a setting with a value that it cannot have" first 2 'disk cannot be "vda": it can be auto, an absolute path' \
	--set disk=vda
run_case "a folder in the place of the disk" first 2 'user is a folder: name the disk in it, such as .*/user/guest.qcow2' \
	--disk user
run_case "an empty variable in the place of the key" first 2 '--key needs a value' --key ''
run_case "a disk that is not there, to be verified" first_line 2 'nowhere cannot be read .*: name the disk or the image' \
	bin/guest-installer verify user/nowhere
run_case "a setting that verify has no use for" first_line 2 'no use for the setting "key-user=bob": it takes keys-user' \
	bin/guest-installer verify --set key-user=bob user/blank.img
run_case "two disks: in a machine" asserted qemu/refusals.sh 'Name one with disk=/dev/NAME'
run_case "a disk with content: in a machine" asserted qemu/refusals.sh 'use the setting in brackets'
run_case "an ignored configuration.nix: in a machine" asserted qemu/refusals.sh 'leave it out, or use an ISO that builds'
run_case "the wrong firmware: in a machine" asserted qemu/refusals.sh 'start it by UEFI'
run_case "no network: in a machine" asserted net/guest.sh 'no network card.*attach'
run_case "the old ISO in the drive: in a machine" asserted qemu/installed.lib.sh 'already installed.*[Dd]etach'
run_case "too little memory for UEFI: in a machine" asserted ../iso/assemble 'Too little memory: give it 512 MiB.'
