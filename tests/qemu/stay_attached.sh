#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# stay_attached.sh — proves that a machine which always boots the ISO first starts its finished guest by
# kexec (if-installed=boot), also after the guest has lost its power; that a guest which only kexec can start
# is refused where kexec is disabled; and that a start which comes back ends with 13 and is no loop. With
# LONG=1 also that the medium is ejected where kexec is disabled, five starts in a row by SeaBIOS and by OVMF,
# the same with the disk first and the cdrom second, also after a cut in the middle of the install, that
# on-success=kexec starts a guest, and that a guest whose kernel is damaged is not started.
#
# Modules: init/kexec, init/iso_medium, verify/boot_entry, start_guest.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"
# shellcheck source=start.lib.sh
source "$TOP/tests/qemu/start.lib.sh"

install_direct() {
	truncate -s 2G disk.raw
	"$TOP/build/guest-installer" install --disk disk.raw --layout direct --cache "$TOP/build/cache" \
		--manifest "$TOP/build/guest-direct.json" --set trusted-keys=none --key key.pub
}

NO_KEXEC='sysctl.kernel.kexec_load_disabled=1'

# Nothing but kexec starts a guest of this layout.
kexec_is_needed() {
	before=$(fingerprint disk.raw)
	start_once console "$NO_KEXEC"
	grep -a 'instead of kexec: .*Operation not permitted' console
	expect_refusal console 13 verify 'neither by kexec nor by a reboot: .* layout direct'
	expect_unchanged disk.raw
}

the_medium_is_ejected() {
	"$TOP/qemu/first-run" --disk gpt.raw --size 2G --cores 1 --iso "$ISO" --key key.pub --direct
	disk=gpt.raw start_once console "$NO_KEXEC"
	expect_verdict console INSTALL_SUCCESSFUL
	expect_start console eject
	[[ $(mark_start gpt.raw) == 2 ]]
	disk=gpt.raw start_once console "$NO_KEXEC"
	expect_refusal console 13 verify 'the last start .* with the medium ejected came back'
	[[ $(mark_start gpt.raw) == 0 ]]
}

# Its console is hvc0, which this machine has not: that it has mounted its root is seen on the disk.
kexec_starts_the_guest() {
	start_until console '' has_mounted disk.raw "$MIB" "$(mounts disk.raw "$MIB")"
	expect_start console kexec
	expect_successes console 1
}

# A copy of the disk while it is mounted is a disk whose guest lost its power.
its_guest_loses_its_power() {
	mkdir -p mnt
	mount -o "loop,offset=$MIB" disk.raw mnt
	touch mnt/var/was-here
	sync -f mnt
	cp --sparse=always disk.raw copy.raw
	umount mnt
	mv copy.raw disk.raw
	dumpe2fs -h "disk.raw?offset=$MIB" 2>/dev/null | grep needs_recovery
}

# The machine loses its power before the guest has mounted its root.
a_start_that_comes_back_is_refused() {
	start_until console '' says console '^INSTALL_SUCCESSFUL'
	[[ $(mark_start disk.raw) == 1 ]]
	start_once console
	expect_refusal console 13 verify 'the last start .* by kexec came back'
	[[ $(mark_start disk.raw) == 0 ]]
}

a_damaged_guest_is_not_started() {
	local kernel
	cp --sparse=always disk.raw damaged.raw
	kernel=$(result console kernel)
	mkdir -p mnt
	mount -o "loop,offset=$(root_offset disk.raw)" damaged.raw mnt
	rm "mnt${kernel#kernel=}"
	umount mnt
	before=$(fingerprint damaged.raw)
	disk=damaged.raw start_once damaged
	expect_refusal damaged 41 verify 'already installed, and its guest is not started'
	expect_unchanged damaged.raw
}

pygrub_is_started() {
	truncate -s 2G root.raw
	truncate -s 500M boot.raw
	"$TOP/build/guest-installer" install --disk root.raw --layout pygrub --cache "$TOP/build/cache" \
		--manifest "$TOP/build/guest-pygrub.json" --set boot-disk="$PWD/boot.raw" \
		--set trusted-keys=none --key key.pub
	mapfile -t further < <(disk boot.raw)
	disk=root.raw start_until console 'guest-installer.disk=/dev/vda guest-installer.boot-disk=/dev/vdb' \
		has_mounted root.raw 0 "$(mounts root.raw 0)"
	expect_start console kexec
}

# install_and_start MANIFEST SUCCESSES — on-success=kexec, in one power-on. A guest with systemd-tmpfiles prints
# the verdict again.
install_and_start() {
	rm -f new.raw
	truncate -s 2G new.raw
	give_keys "manifest = file:///medium/$1" 'on-success = kexec'
	mapfile -t further < <(key_drive keys)
	disk=new.raw start_until console '' says console "$UP"
	expect_start console kexec
	expect_successes console "$2"
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "a guest is installed on an image file" install_direct
enough
run_case "where kexec is disabled a guest that no firmware starts is refused" kexec_is_needed
run_case "a start that comes back to the ISO ends with 13" a_start_that_comes_back_is_refused
run_case "the guest loses its power, so that its journal is to be replayed" its_guest_loses_its_power
run_case "kexec starts the guest behind the verdict" kexec_starts_the_guest
run_long "kexec starts it once more" kexec_starts_the_guest
run_long "where kexec is disabled the medium is ejected, and no start comes back twice" the_medium_is_ejected
run_long "a guest whose kernel is gone is not started" a_damaged_guest_is_not_started
run_long "kexec starts a guest of layout pygrub" pygrub_is_started
run_long "on-success=kexec starts a guest of layout bios" install_and_start guest-bios.json 1
run_long "on-success=kexec starts a guest of layout gpt" install_and_start guest.json 2
for firmware in bios uefi; do
	run_long "five starts in a row with the cdrom first ($firmware)" cdrom_first "$firmware"
	run_long "the disk first and the cdrom second ($firmware)" disk_first "$firmware"
done
