#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# aarch64.sh — proves that the program for 64-bit ARM is PID 1 of a machine of that architecture: it sees a
# virtual machine, takes settings from fw_cfg, ends with a verdict on the serial port and powers off; with LONG=1
# also where UEFI describes the machine by ACPI
#
# Modules: init/machine, init/machine_signs, input/firmware_data, verdict/console.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

make_initramfs() {
	mkdir -p root/{dev,etc,lib/modules,proc,run,sys,tmp}
	cp "$TOP/build/aarch64/guest-installer" root/init
	find "$KERNEL/lib/modules" -name qemu_fw_cfg.ko -exec cp {} root/lib/modules/ \;
	echo qemu_fw_cfg.ko >root/lib/modules/drivers
	cat >root/etc/guest-installer.conf <<-'END'
		manifest = file:///medium/guest.json
		cache = file:///medium/cache
		trusted-keys = none
	END
	(cd root && find . | cpio -o -H newc --quiet) >initramfs
}

# boot [OPTION]… — a machine without a disk. The kernel has no console= but what the device tree says.
boot() {
	"$TOP/tests/patient" 240 qemu-system-aarch64 -M virt -cpu max,pauth-impdef=on -accel tcg -m 512 \
		-no-user-config -nodefaults -display none -no-reboot -serial stdio "$@" \
		-kernel "$KERNEL/Image" -initrd initramfs -append 'panic=-1 loglevel=4' >log </dev/null
	cat log
}

# settings_come_by_fw_cfg [OPTION]…
settings_come_by_fw_cfg() {
	boot -fw_cfg name=opt/org.guest-installer/config,string='keys = none' "$@"
	grep -a '^INSTALL_PROGRESS keys' log
	grep -a '^INSTALL_FAILED code=[0-9]* stage=closure ' log
	grep -a 'reboot: Power down' log
}

KERNEL=$TOP/build/aarch64/linux
[[ -x $TOP/build/aarch64/guest-installer && -e $KERNEL/Image ]] || {
	echo "aarch64.sh: there is no ISO for 64-bit ARM: make iso ARCH=aarch64" >&2
	exit 1
}
cd "$SCRATCH"
make_initramfs
run_case 'a machine of 64-bit ARM reads its settings and ends with a verdict' settings_come_by_fw_cfg
run_long 'the same started by UEFI, which describes the machine by ACPI and SMBIOS' \
	settings_come_by_fw_cfg -drive if=pflash,format=raw,readonly=on,file=/usr/share/AAVMF/AAVMF_CODE.fd
