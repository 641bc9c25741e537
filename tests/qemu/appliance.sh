#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# appliance.sh — proves that a system with a read-only overlay on /etc, accounts that systemd-sysusers
# creates at boot, and neither an activation script nor switch-to-configuration is installed from the
# ISO, boots by UEFI and lets its owner in; and that the command verify accepts it. Its boot loader is an
# external program, which writes unified kernel images, and systemd in its initial RAM disk finds the
# root file system by the type of its partition.
#
# Modules: guest/etc_view, plan/boot_accounts, verify/unified_image.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # the guest expands; the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

install_under_uefi() {
	"$TOP/qemu/first-run" --disk disk.raw --size 2G --cores 1 --iso "$ISO" --key key.pub --firmware uefi \
		--direct --set manifest=file:///medium/guest-sealed.json --timeout 1500
	[[ $(result disk.raw.log ssh-host-keys) == ssh-host-keys=first-boot ]]
	grep -F 'left to the first boot' disk.raw.log
}

nothing_of_the_guest_ran_but_the_boot_loader() {
	local at folder
	at="disk.raw?offset=$(root_offset disk.raw)"
	for folder in / /etc /var/lib; do
		debugfs -R "ls -p $folder" "$at" 2>messages
	done | cut -d / -f 6 | tee names
	grep -Fx NIXOS names
	if grep -Ex 'passwd|nixos|ssh|\.rw-etc' names; then return 1; fi
	mdir -b -/ -i disk.raw@@2M ::/ | tr -d '\r' | grep -v '/$' | sort | diff - <(printf '::/%s\n' \
		EFI/BOOT/BOOTX64.EFI EFI/Linux/nixos-generation-1.efi EFI/systemd/systemd-bootx64.efi loader/loader.conf)
}

# The variables are those of systemd-boot and of the stub.
was_booted_by_its_image() {
	local variable=4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
	in_guest "tr -d '\0' </sys/firmware/efi/efivars/LoaderEntrySelected-$variable" | grep -F nixos-generation-1.efi
	in_guest "tr -d '\0' </sys/firmware/efi/efivars/StubInfo-$variable" | grep -F systemd-stub
}

systemd_found_its_root() {
	in_guest cat /proc/cmdline | grep -E '(^| )root=gpt-auto( |$)'
	[[ $(in_guest 'findmnt -no SOURCE,FSTYPE /') == '/dev/vda3 ext4' ]]
}

etc_is_a_read_only_overlay() {
	local system
	system=$(readlink "$TOP/build/sample-sealed")
	[[ $(in_guest 'findmnt -no FSTYPE,OPTIONS /etc') == 'overlay ro,'* ]]
	if in_guest 'touch /etc/x' 2>/dev/null; then return 1; fi
	[[ $(in_guest 'cat /proc/cmdline') == *" init=$system/init "* || $(in_guest 'cat /proc/cmdline') == "init=$system/init "* ]]
	in_guest "[ ! -e $system/activate ] && [ ! -e $system/bin ]"
}

accounts_and_host_key_are_the_boots() {
	[[ $(in_guest 'readlink /etc/passwd') == /var/lib/nixos/etc/passwd ]]
	in_guest cat /etc/passwd | grep '^root:x:0:0:'
	in_guest cat /root/.ssh/authorized_keys | cmp - key.pub
	in_guest ssh-keygen -lf /var/lib/ssh/ssh_host_ed25519_key.pub
}

# The copy has never been booted.
the_command_verify_accepts_it() {
	verified 0 "^system: $(readlink "$TOP/build/sample-sealed")$" true
	grep -Fx 'layout: gpt' said
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "the guest is installed under UEFI" install_under_uefi
enough
run_case "of the guest's programs only the boot loader's installer was run" nothing_of_the_guest_ran_but_the_boot_loader
run_case "a copy is made for the guest" copy_for_the_guest disk.raw
start_guest disk.raw --firmware uefi --disk copy.raw
run_case "it boots by UEFI with fresh variables and lets its owner in" guest_lets_in
enough
run_case "systemd-boot started its unified kernel image" was_booted_by_its_image
run_case "systemd found its root file system by the type of the partition" systemd_found_its_root
run_case "its /etc is a read-only overlay" etc_is_a_read_only_overlay
run_case "its accounts and its host key were made at boot" accounts_and_host_key_are_the_boots
run_case "the guest takes the copy and the installer" the_guest_takes_the_copy
run_case "the command verify accepts a copy that was never booted" the_command_verify_accepts_it
press_the_power_button
run_case "the power button ended it" guest_ended_well
