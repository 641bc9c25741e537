#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# host_kernel.sh — proves that guests whose kernel the host starts, on two whole disks (pygrub) or on
# one with a table (direct), boot with the kernel on their disk and accept the login of their owner;
# and that neither of two disks is written to if one is refused. A machine installs the pair; the rest
# runs on image files.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

PAIR=('manifest = file:///medium/guest-pygrub.json' 'disk = /dev/vda' 'boot-disk = /dev/vdb')

# install_pair CONSOLE — the guest of the folder `keys` on root.raw and boot.raw, in a machine.
install_pair() {
	local arguments
	mapfile -t arguments < <(disk root.raw && disk boot.raw && key_drive keys)
	run_installer "$1" "${arguments[@]}"
}

# install_on_files CONSOLE LAYOUT OPTION… — the guest of this layout, by this host; leaves the exit status in
# `status`.
install_on_files() {
	status=0
	"$TOP/build/guest-installer" install --layout "$2" --cache "$TOP/build/cache" \
		--manifest "$TOP/build/guest-$2.json" --set "trusted-keys=$(sample_key)" --key key.pub "${@:3}" \
		>"$1" 2>&1 || status=$?
}

# expect_code CONSOLE CODE PATTERN — it was refused with this code and such a sentence.
expect_code() {
	[[ $status == "$2" ]] && last_line "$1" | grep -E "INSTALL_FAILED code=$2 stage=target .*$3" && return
	echo "status $status:" && cat "$1" && return 1
}

# result CONSOLE KEY — the value of a result of the installer.
result() {
	tr -d '\r' <"$1" | sed -n "s/^INSTALL_RESULT $2=//p"
}

one_disk_with_data_keeps_both() {
	local data other before_data before_other
	for data in root boot; do
		other=$([[ $data == root ]] && echo boot || echo root)
		blank_disk root.raw 1600M
		blank_disk boot.raw 64M
		printf 'somebody needs this' | dd of="$data.raw" bs=1 seek=512K conv=notrunc status=none
		before_data=$(fingerprint "$data.raw") before_other=$(fingerprint "$other.raw")
		install_on_files refused pygrub --disk root.raw --boot-disk boot.raw
		expect_code refused 12 'holds data'
		before=$before_data expect_unchanged "$data.raw"
		before=$before_other expect_unchanged "$other.raw"
	done
}

pair_is_installed() {
	give_keys "${PAIR[@]}"
	blank_disk root.raw 1600M
	blank_disk boot.raw 64M
	install_pair console
	expect_verdict console INSTALL_SUCCESSFUL
	[[ $(result console disk) == /dev/vda && $(result console boot-disk) == /dev/vdb ]]
}

# sound IMAGE LABEL — the whole disk is an unmounted ext4 with this label.
sound() {
	[[ $(blkid -p -o value -s LABEL "$1") == "$2" ]]
	[[ -z $(blkid -p -o value -s PTTYPE "$1") ]]
	e2fsck -fn "$1"
	dumpe2fs -h "$1" 2>&1 | tee header
	grep -E '^Filesystem state: +clean$' header
	if grep -F needs_recovery header; then return 1; fi
	[[ $(od -An -tu4 -j 20 -N 4 "$1" | tr -d ' ') == 2 ]]
}

pair_is_two_sound_file_systems() {
	sound root.raw NIXROOT
	grep -E '^Filesystem features:.* 64bit' header
	sound boot.raw NIXBOOT
	if grep -E '^Filesystem features:.* 64bit' header; then return 1; fi
}

# take_from IMAGE PATH FILE — a file of an ext4 image.
take_from() {
	debugfs -R "dump $2 $3" "$1" 2>messages
	[[ -s $3 ]] || { cat messages && return 1; }
}

menus_files_are_those_of_the_store() {
	local line
	take_from boot.raw /grub/grub.cfg grub.cfg
	cat grub.cfg
	line=$(sed -n '/^}/q; s/^ *linux //p' grub.cfg)
	take_from boot.raw "${line%% *}" kernel
	take_from boot.raw "$(sed -n '/^}/q; s/^ *initrd //p' grub.cfg)" initrd
	printf '%s' "${line#* }" >command-line
	cmp kernel "$TOP/build/sample-pygrub/kernel"
	cmp initrd "$TOP/build/sample-pygrub/initrd"
}

# start_by_kernel DISK… — boots kernel, initrd and command line of this folder. Do not call it in run_case.
start_by_kernel() {
	local arguments=() name port
	port=$(free_ports 1)
	for name; do
		mapfile -t -O "${#arguments[@]}" arguments < <(disk "$name")
	done
	rm -f channel
	echo "ssh -p $port root@127.0.0.1" >guest.out
	"${tied[@]}" "$TOP/tests/patient" 400 "${tied[@]}" \
		qemu-system-x86_64 -accel "$ACCEL" -cpu "$(processor)" \
		-m 512 -display none -no-reboot -device virtio-rng-pci -serial file:guest.console \
		-nic "user,model=virtio,hostfwd=tcp:127.0.0.1:$port-:22" \
		-kernel kernel -initrd initrd -append "$(cat command-line)" "${arguments[@]}" \
		2>guest.messages </dev/null &
	guest=$!
}

was_started_from() {
	[[ $(in_guest 'findmnt -no SOURCE,FSTYPE /') == "$1 ext4" ]]
	in_guest cat /proc/cmdline | tee line
	grep -F "$(cat command-line)" line
	if grep -F 'could not be mounted' guest.console; then return 1; fi
}

boot_disk_is_mounted() {
	[[ $(in_guest 'findmnt -no SOURCE,FSTYPE /boot') == "/dev/vdb ext4" ]]
	in_guest switch-to-configuration boot || in_guest /nix/var/nix/profiles/system/bin/switch-to-configuration boot
}

installed_pair_is_refused() {
	local root_before boot_before
	root_before=$(fingerprint root.raw) boot_before=$(fingerprint boot.raw)
	install_on_files again pygrub --disk root.raw --boot-disk boot.raw
	expect_code again 13 'already installed: .*boot.raw .*root.raw .*To install anew'
	before=$root_before expect_unchanged root.raw
	before=$boot_before expect_unchanged boot.raw
}

direct_is_installed() {
	blank_disk disk.raw 1600M
	install_on_files console direct --disk disk.raw
	[[ $status == 0 && $(last_line console) == INSTALL_SUCCESSFUL ]] || { cat console && return 1; }
	sfdisk --json disk.raw | tee table
	jq -e '.partitiontable | .label == "dos" and (.partitions | length == 1) and
		.partitions[0].type == "83" and (.partitions[0] | has("bootable") | not)' table
	[[ $(blkid -p -O 1048576 -o value -s LABEL disk.raw) == NIXOS ]]
	cmp -n 440 disk.raw /dev/zero
}

results_name_kernel_initrd_and_words() {
	take_from 'disk.raw?offset=1048576' "$(result console kernel)" kernel
	take_from 'disk.raw?offset=1048576' "$(result console initrd)" initrd
	result console cmdline >command-line
	cmp kernel "$TOP/build/sample-direct/kernel"
	cmp initrd "$TOP/build/sample-direct/initrd"
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "of two disks one of which holds data neither is written to" one_disk_with_data_keeps_both
run_case "the pair is installed" pair_is_installed
enough
run_case "both disks are sound file systems, the boot disk's without 64bit" pair_is_two_sound_file_systems
run_case "kernel and initrd of the menu are those of the store" menus_files_are_those_of_the_store
enough
start_by_kernel root.raw boot.raw
run_case "the pair boots and lets its owner in" guest_lets_in
enough
run_case "it runs from the root disk" was_started_from /dev/vda
run_case "its boot disk is mounted, and the guest can write its menu again" boot_disk_is_mounted
run_case "the guest takes the command to power off" guest_takes_poweroff
await_guest
run_case "it ends by itself" guest_ended_well
run_case "an installed pair is refused and left as it is" installed_pair_is_refused
run_case "a disk with a table and no boot loader is installed" direct_is_installed
enough
run_case "the results name kernel, initrd and command line in the image" results_name_kernel_initrd_and_words
enough
start_by_kernel disk.raw
run_case "it boots by them and lets its owner in" guest_lets_in
enough
run_case "it runs from its partition" was_started_from /dev/vda1
run_case "the guest takes the command to power off, too" guest_takes_poweroff
await_guest
run_case "it ends by itself, too" guest_ended_well
