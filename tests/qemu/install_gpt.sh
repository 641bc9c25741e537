#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# install_gpt.sh — proves that qemu/first-run installs a guest that boots by BIOS and by UEFI and lets
# its owner in, by the command of README.md and docs/quick-start.md; and that its first boot alone prints the verdict
# Modules: results, verify/grub_disk, guest/first_boot.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../page.lib.sh
source "$TOP/tests/page.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

# The commands of the README and of the quick start, with this test's names: they have to be the same.
install_as_documented() {
	for page in README.md docs/quick-start.md; do
		blocks_run_by "$page" tests/qemu/install_gpt.sh | grep -v '^guest-installer-run-guest guest.qcow2' |
			sed "s,guest.qcow2,disk.raw,; s,size 4G,size 2G,; s,~/.ssh/id_ed25519.pub,key.pub,
				s,--iso [^ ]*,--iso $ISO,; s,key.pub$,& --timeout 1500," >"commands-${page##*/}"
	done
	diff commands-README.md commands-quick-start.md
	grep -c '^guest-installer-first-run ' commands-README.md
	PATH=$(installed_names):$PATH bash -eux commands-README.md
	status=0 && : >disk.raw.log.messages
	expect_verdict disk.raw.log INSTALL_SUCCESSFUL
	expect_successes disk.raw.log 1
}

partitions_as_planned() {
	sfdisk --json disk.raw | tee table
	jq -e '.partitiontable | .label == "gpt" and (.partitions | map(.type) == [
		"21686148-6449-6E6F-744E-656564454649", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
		"4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"])' table
	[[ $(blkid -p -O "$(root_offset disk.raw)" -o value -s LABEL disk.raw) == nixos ]]
	[[ $(mark_state disk.raw) == 2 ]]
}

# The lines that print it are removed meanwhile.
prints_the_verdict() {
	in_guest 'ls -A /etc/credstore' >left
	[[ ! -s left ]]
	[[ $(tr -d '\r' <guest.console | grep -c '^INSTALL_SUCCESSFUL$') == 1 ]]
}

prints_no_verdict() {
	if grep -F INSTALL_ guest.console; then return 1; fi
}

the_command_verify_accepts_it() {
	verified 0 "^system: $(readlink "$TOP/build/sample-gpt")$" true
}

what_does_not_start_is_refused() {
	verified 41 'has no file /boot/EFI/BOOT/BOOTX64.EFI' 'rm EFI/BOOT/BOOTX64.EFI'
	verified 41 'waits for ever' 'sed -i "s/set timeout=0/set timeout=-1/" grub/grub.cfg'
	verified 41 'kernel' 'for file in kernels/*bzImage; do echo more >>"$file"; done'
	verified 41 'initrd' 'for file in kernels/*initrd; do : >"$file"; done'
	verified 41 'does not have' 'sed -i "s/--fs-uuid [^ ]*/--fs-uuid 1234-5678/" grub/grub.cfg'
	verified 41 'init=' 'sed -i "s,init=[^ ]*,init=/bin/false," grub/grub.cfg'
	in_guest 'dd if=/dev/zero of=/dev/vdb bs=512 seek=2048 count=16'
	verified 41 'GRUB' true
}

was_booted_by_uefi() {
	in_guest 'test -d /sys/firmware/efi && findmnt -no FSTYPE,OPTIONS /boot' | tee boot
	grep -E '^vfat +rw,.*fmask=0077' boot
	was_booted_by_grub gpt /dev/vda3
}

fill_file_system() {
	e2fsck -fp "$1" && resize2fs "$1" && e2fsck -fn "$1"
}

# What boot.growPartition and autoResize of NixOS run. growpart would leave partitions with a loop device.
a_larger_disk_is_filled() {
	local bytes node code=0
	truncate -s +1G disk.raw
	growpart disk.raw 3
	sfdisk --verify disk.raw
	bytes=$(sfdisk --json disk.raw | jq '.partitiontable.partitions[2].size * 512')
	((bytes > 2 << 30))
	node=$(losetup -f --show --offset "$(root_offset disk.raw)" --sizelimit "$bytes" disk.raw)
	fill_file_system "$node" || code=$?
	losetup -d "$node"
	((code == 0))
	dumpe2fs -h "disk.raw?offset=$(root_offset disk.raw)" 2>/dev/null | awk '/^Block count:/ { exit !($3 > 524288) }'
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "the command of the README installs the default guest" install_as_documented
enough
run_case "the disk has the planned partitions" partitions_as_planned
run_case "its only identity is the host key that was told" identity_is_its_own disk.raw disk.raw.log
start_guest disk.raw
run_case "the disk alone boots by BIOS and lets its owner in" guest_lets_in
enough
run_case "GRUB booted it from the disk" was_booted_by_grub gpt /dev/vda3
run_case "its first boot prints the verdict" prints_the_verdict
run_case "keys and log are as private as they should be" keys_and_log_are_private
press_the_power_button
run_case "the power button ended it" guest_ended_well
run_case "its root is clean afterwards" disk_is_clean disk.raw
run_case "its EFI system partition is clean afterwards" esp_is_clean disk.raw
run_case "growpart and resize2fs fill a larger disk" a_larger_disk_is_filled
run_case "a copy is made for the guest" copy_for_the_guest disk.raw
start_guest disk.raw --firmware uefi --disk copy.raw
run_case "the same disk boots by UEFI and lets its owner in" guest_lets_in
enough
run_case "UEFI's GRUB booted it" was_booted_by_uefi
run_case "its second boot prints no verdict" prints_no_verdict
run_case "the guest takes the copy and the installer" the_guest_takes_the_copy
run_case "the command verify accepts a copy of the disk" the_command_verify_accepts_it
run_case "what does not start is refused with its reason" what_does_not_start_is_refused
press_the_power_button
run_case "the power button ended it under UEFI" guest_ended_well
run_case "the installer refuses the disk and leaves it as it is" installer_leaves_it_alone disk.raw
