#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sectors.sh — proves that a disk with sectors of 4 KiB is installed and boots by UEFI, though the
# firmware has forgotten all about the install, and is refused where a BIOS would have to boot it (with
# LONG=1, also if the guest is one for BIOS)
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

# The host tools have no option for the sector size, so a wrapper of QEMU adds it. first-run gives the
# disk a serial number, run-guest names it root.
make_qemu() {
	local qemu
	qemu=$(command -v qemu-system-x86_64)
	mkdir "$SCRATCH/bin"
	cat >"$SCRATCH/bin/qemu-system-x86_64" <<-END
		#!/usr/bin/env bash
		for argument; do
			[[ \$argument != virtio-blk-pci,drive=*,serial=* && \$argument != virtio-blk-pci,drive=root* ]] ||
				argument+=,logical_block_size=4096,physical_block_size=4096
			arguments+=("\$argument")
		done
		exec $qemu "\${arguments[@]}"
	END
	chmod +x "$SCRATCH/bin/qemu-system-x86_64"
	PATH=$SCRATCH/bin:$PATH
}

install_under_uefi() {
	"$TOP/qemu/first-run" --disk disk.raw --size 2G --cores 1 --iso "$ISO" --key key.pub --firmware uefi \
		--timeout 1500
	grep -a 'BdsDxe: starting' disk.raw.log
}

# The firmware finds the loader by this name alone.
only_the_removable_path_is_there() {
	mdir -b -/ -i disk.raw@@2M ::/EFI | tr -d '\r' | grep -v '/$' | tee files
	[[ $(cat files) == ::/EFI/BOOT/BOOTX64.EFI ]]
}

# The table counts in 4 KiB, as fdisk reads it, and so does the FAT.
partitions_count_in_4_kib() {
	fdisk -b 4096 -l -o Start,Sectors,Type disk.raw | tee table
	grep -E '^ *512 +131072 EFI System$' table
	grep -E '^ *131584 +[0-9]+ Linux root \(x86-64\)$' table
	[[ $(od -An -tu2 -j $((2 * MIB + 11)) -N 2 disk.raw | xargs) == 4096 ]]
	dd if=disk.raw of=esp bs=1M skip=2 count=512 conv=sparse status=none
	fsck.vfat -n esp
	rm esp
}

was_booted_from_it() {
	in_guest 'test -d /sys/firmware/efi'
	[[ $(in_guest cat /sys/block/vda/queue/logical_block_size) == 4096 ]]
	was_booted_by_grub gpt /dev/vda3
}

# By this host, whose kernel gives a loop device such sectors.
the_mark_is_found() {
	local code=0
	before=$(fingerprint disk.raw)
	loop=$(losetup --find --show --sector-size 4096 disk.raw)
	"$TOP/build/guest-installer" install --disk "$loop" --cache "$TOP/build/cache" \
		--manifest "$TOP/build/guest.json" --set "trusted-keys=$(sample_key)" --key key.pub >said 2>&1 || code=$?
	losetup --detach "$loop"
	cat said
	((code == 13)) && last_line said | grep -E 'stage=target .*already installed'
	expect_unchanged disk.raw
}

# refuse_under_bios [SETTING]… — and leave the disk as it is.
refuse_under_bios() {
	local arguments
	rm -rf keys
	give_keys "$@"
	blank_disk blank.raw 2G
	mapfile -t arguments < <(key_drive keys)
	run_installer console "${arguments[@]}" -device virtio-blk-pci,drive=root \
		-drive if=none,id=root,format=raw,file=blank.raw
	expect_refusal console 2 '(target|plan)' 'vda has sectors of 4096 bytes, from which a BIOS does not boot'
	expect_unchanged blank.raw
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
make_qemu
run_case "the default guest is installed under UEFI" install_under_uefi
enough
run_case "table and FAT count in 4 KiB" partitions_count_in_4_kib
run_case "the EFI system partition has BOOTX64.EFI, and no other loader" only_the_removable_path_is_there
start_guest disk.raw --firmware uefi
run_case "it boots by UEFI with fresh variables and lets its owner in" guest_lets_in
run_case "the disk that it runs from has sectors of 4 KiB" was_booted_from_it
press_the_power_button
run_case "it powers off" guest_ended_well
run_case "the mark of the install is found in its place" the_mark_is_found
take_boot_files
run_case "a machine that was started by BIOS is refused" refuse_under_bios
run_long "so is the guest for BIOS" refuse_under_bios 'manifest = file:///medium/guest-bios.json'
