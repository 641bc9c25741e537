#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# shapes.sh — proves that the same ISO installs on the default disk of each engine, whatever its bus; that the
# machine then boots the guest with the ISO left attached; that a guest without a driver for its disk is refused; and
# that other disks are not written to
#
# Modules: init/settle, init/pid1, init/modules, plan/emulated_disk, guest/boot_device, disk/disk_drivers,
# verify/initrd_drivers.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"
# shellcheck source=../page.lib.sh
source "$TOP/tests/page.lib.sh"
# shellcheck source=engines.lib.sh
source "$TOP/tests/engines/engines.lib.sh"

# A data disk on the same controller and a USB stick, both before the target in the order of the bus.
installs_beside_others() {
	local sum stick
	truncate -s 2G root stick
	truncate -s 1G data
	mkfs.ext4 -q -L precious data
	sum=$(fingerprint data) stick=$(fingerprint stick)
	run_shape console proxmox root -drive "if=none,id=data,format=raw,file=data" \
		-device scsi-hd,bus=virtioscsi0.0,channel=0,scsi-id=1,lun=0,drive=data \
		-drive "if=none,id=stick,format=raw,file=stick" -device qemu-xhci -device usb-storage,drive=stick
	before=$sum expect_unchanged data
	before=$stick expect_unchanged stick
	expect_verdict console INSTALL_SUCCESSFUL
	disk_is_clean root
}

# Nothing but a USB stick is blank.
refuses_a_stick_and_data() {
	local sums
	rm -f data
	truncate -s 2G stick data
	mkfs.ext4 -q -L precious data
	sums=$(sha256_of stick data)
	run_shape console sata data -drive "if=none,id=stick,format=raw,file=stick" -device qemu-xhci \
		-device usb-storage,drive=stick
	expect_refusal console 12 target 'sda .*holds an ext4 file system labelled precious \[disk=[^ ]* wipe=[^ ]*\]; .*sdb .*is a USB disk'
	[[ $(sha256_of stick data) == "$sums" ]]
}

refuses_two_blank_disks() {
	local sums
	truncate -s 2G one two
	sums=$(sha256_of one two)
	run_shape console nvme one -drive "if=none,id=two,format=raw,file=two$(past_the_page_cache)" \
		-device ide-hd,bus=ide.1,drive=two
	expect_refusal console 11 target 'sda .*is blank \[disk=.*nvme0n1 .*is blank \[disk=serial:nvme-0\]'
	[[ $(sha256_of one two) == "$sums" ]]
}

# lacks_the_driver SHAPE MODULE — the disk is filled, and the next run takes it again.
lacks_the_driver() {
	rm -f disk
	truncate -s 2G disk
	run_shape console "$1" disk
	expect_refusal console 41 verify "initrd has no driver $2, by which this machine reaches the disk"
	[[ $(mark_state disk) == 1 ]]
}

sha256_of() {
	local file
	for file; do fingerprint "$file"; done
}

installs_without_firmware() {
	local shape arguments
	rm -f disk
	truncate -s 2G disk
	shape microvm
	give_keys 'manifest = file:///medium/guest-direct.json' # the smallest one
	mapfile -t arguments < <(drives disk)
	run_microvm console "${shape[@]}" "${arguments[@]}" \
		-append "console=hvc0 panic=-1 scsi_mod.scan=sync loglevel=4 $FASTER $(clock_of_emulation)" \
		-drive "if=none,id=keys,format=raw,readonly=on,file=fat:floppy:$PWD/keys" \
		-device virtio-blk-device,drive=keys
	is_installed disk vda
	grep -a 'INSTALL_PROGRESS start' console
}

# Without ACPI nothing announces the devices but the command line, and nothing switches the machine off. The
# kernel itself reports the parameter that it passes to virtio_mmio, because Debian's has no use for it; QEMU
# ends at the reset.
is_reset_without_acpi() {
	run_microvm console -machine microvm,acpi=off -serial chardev:console \
		-append "console=ttyS0 panic=-1 ignore_loglevel $FASTER loop.nonsense=\"a b\"" \
		-device virtio-blk-device,drive=disk -drive if=none,id=disk,format=raw,file=disk,readonly=on
	expect_refusal console 20 keys 'No SSH key'
	grep -aE "virtio_mmio: unknown parameter 'device' ignored" console
	grep -aE "loop: unknown parameter 'nonsense' ignored" console
	grep -aF 'no power management (ACPI), so it is reset' console
}

the_page_installs() {
	block docs/engines/qemu.md Install | here >commands
	PATH=$(installed_names):$PATH "$TOP/tests/patient" 400 bash -eu commands | tee printed
	tr -d '\r' <printed | grep '^INSTALL_SUCCESSFUL$'
}

# start_page — the commands of docs/engines/qemu.md that start the guest; a free port replaces 2222.
start_page() {
	local port
	port=$(free_ports 1)
	{
		block docs/engines/qemu.md Install | sed '/^machine=(/,/)$/!d'
		block docs/engines/qemu.md Start | sed 's/^"/exec "/'
	} | here | sed "s/:2222-/:$port-/" >commands
	printf 'ssh -p %s root@127.0.0.1\n' "$port" >guest.out
	rm -f channel known_hosts
	"${tied[@]}" bash -eu commands </dev/null >guest.messages 2>&1 &
	guest=$!
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
take_boot_files
run_case "Proxmox' virtio-scsi disk is installed, beside a data disk and a USB stick, which are not touched" \
	installs_beside_others
enough
start_shape proxmox root
run_case "the machine boots the guest with the ISO attached, and lets its owner in" lets_its_owner_in /dev/sda3
end_guest
run_long "an NVMe disk is installed" installs nvme nvme0n1
run_case "a USB stick alone and a data disk are refused and not written to" refuses_a_stick_and_data
run_case "a blank NVMe disk beside another one is refused and not written to" refuses_two_blank_disks
run_case "a microvm with ACPI, without firmware and serial port, is installed" installs_without_firmware
run_case "a microvm without ACPI gets its modules' parameters, and is reset at the end" is_reset_without_acpi
long_shape proxmox-q35 sda "Proxmox' machine with Q35 and UEFI"
long_shape incus sda "Incus' machine"
long_shape openstack vda "OpenStack's machine with a config drive"
long_shape kubevirt vda "KubeVirt's machine"
long_shape harvester vda "Harvester's machine"
long_shape nomad sda "Nomad's machine with an IDE disk"
long_shape cloud-hypervisor vda "a machine with two virtio disks and no cdrom"
long_shape vmware-pvscsi sda "VMware's machine with a paravirtual controller"
if [[ ${LONG-} ]]; then
	cp "$ISO" guest-installer.iso
	run_case "the commands of QEMU's page install a guest" the_page_installs
	start_page
	run_case "they start it with the ISO attached, and it lets its owner in" lets_its_owner_in /dev/vda3
	end_guest
fi
# The sample guest's kernel has no driver for these.
run_case "a guest without a driver for its SATA disk is no success" lacks_the_driver sata ahci
run_long "nor is one without the driver of an LSI 53C895A" lacks_the_driver lsi sym53c8xx
run_long "nor is one without the driver of a MegaRAID SAS" lacks_the_driver megasas megaraid_sas
