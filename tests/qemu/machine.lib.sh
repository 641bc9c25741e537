# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the test files
# tests/qemu/machine.lib.sh — machines that boot the installer; checks of their output and disks
#
# Source it after tests/tap.lib.sh. It needs build/guest-installer.iso.
# shellcheck source=qemu/lib.sh
source "$TOP/qemu/lib.sh"
# shellcheck source=tests/fingerprint.lib.sh
source "$TOP/tests/fingerprint.lib.sh"

# ask_emulator EXPRESSION — prints the value of an expression with the names of host.qemu.emulator.
ask_emulator() { PYTHONPATH=$TOP/qemu python3 -c "from host.qemu.emulator import *; print($1)"; }

ISO=$TOP/build/guest-installer.iso
ACCEL=$(ask_emulator 'detect_acceleration()')
MIB=$((1024 * 1024))
# No Nix daemon and no build users: the tests run as root.
export NIX_CONFIG='build-users-group ='

# take_boot_files — kernel, initrd and command line of the ISO, for starts without its boot loader. All tests of
# the ISO of this tree share one copy.
take_boot_files() {
	local shared=$TOP/build/boot-files
	[[ $ISO == "$TOP/build/guest-installer.iso" ]] || shared=$SCRATCH/shared-boot-files
	exec {boot_lock}>"$shared.lock"
	flock "$boot_lock"
	[[ -d $shared && $shared -nt $ISO ]] || extract_boot_files "$shared"
	exec {boot_lock}>&-
	boot=$SCRATCH/boot-files
	mkdir -p "$boot"
	cp "$shared"/{vmlinuz,initrd.img,command-line} "$boot/"
	ln -sf "$shared/vmlinux" "$boot/vmlinux"
}

# extract_boot_files FOLDER
extract_boot_files() {
	local boot=$SCRATCH/extracted
	xorriso -osirrox on -indev "$ISO" -extract /boot "$boot" \
		-extract /isolinux/isolinux.cfg "$boot/menu" 2>"$SCRATCH/xorriso" ||
		{ cat "$SCRATCH/xorriso" && return 1; }
	chmod -R u+w "$boot"
	sed -n 's/^ *APPEND //p' "$boot/menu" >"$boot/command-line"
	unpack_kernel "$boot/vmlinuz" >"$boot/vmlinux"
	[[ -s $boot/vmlinux && -s $boot/initrd.img && -s $boot/command-line ]]
	rm -rf "$1"
	mv "$boot" "$1"
	touch "$1"
}

# unpack_kernel BZIMAGE — prints the kernel in it, if xz has packed it. QEMU starts that, too (by its PVH
# entry), and an emulated processor need not unpack it at every start: a third of the time that a start
# takes. A kernel that is packed otherwise is unpacked fast enough.
# Offset and length are in the header (Linux, Documentation/arch/x86/boot.rst).
unpack_kernel() {
	local sectors offset length
	sectors=$(od -An -tu1 -j 497 -N 1 "$1")
	read -r offset length < <(od -An -tu4 -j 584 -N 8 "$1")
	dd if="$1" of="$boot/payload" iflag=skip_bytes,count_bytes bs=1M status=none \
		skip="$(((sectors + 1) * 512 + offset))" count="$length"
	if [[ $(head -c 5 "$boot/payload" | tail -c 4) == 7zXZ ]]; then
		xz -dc --single-stream <"$boot/payload"
	else
		cat "$1"
	fi
	rm "$boot/payload"
}

# overlay INITRD ROOT — appends the files of ROOT to a copy of the ISO's initrd; they replace files of the same name.
overlay() {
	install -m 644 "$boot/initrd.img" "$1"
	truncate -s %512 "$1" # an archive begins on four bytes
	(cd "$2" && find . -mindepth 1 | cpio -o -H newc -R 0:0 --quiet) >>"$1"
}

# replace_mkfs_fat INITRD — a copy of the initramfs in which a script with the commands of standard input
# stands for mkfs.fat. Before the first write the installer starts it with --help, which succeeds.
# shellcheck disable=SC2016 # the script expands
replace_mkfs_fat() {
	mkdir -p root/sbin
	{
		printf '%s\n' '#!/bin/sh' 'case $1 in --help) exit ;; esac'
		cat
	} >root/sbin/mkfs.fat
	chmod 755 root/sbin/mkfs.fat
	overlay "$1" root
}

# give_keys [LINE]… — the folder `keys` with the test's public key, and these lines of settings.
give_keys() {
	mkdir -p keys
	cp key.pub keys/ssh.pub
	((!$#)) || printf '%s\n' "$@" >keys/guest-installer.conf
}

# newkey NAME — makes NAME.pub and prints it without a newline.
newkey() {
	ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$1"
	printf %s "$(cat "$1.pub")"
}

# blank_disk FILE SIZE — leaves its hash in `before`.
blank_disk() {
	rm -f "$1"
	truncate -s "$2" "$1"
	before=$(fingerprint "$1")
}

expect_unchanged() {
	[[ $(fingerprint "$1") == "$before" ]] && return
	echo "$1 was written to" && return 1
}

# disk FILE [OPTIONS] — arguments for one more disk of the machine.
disk() {
	printf '%s\n' -drive "file=$(qemu_quote "$1"),format=raw,if=virtio$(past_the_page_cache)${2:+,$2}"
}

# past_the_page_cache — an option of -drive. The installer reads 320 MiB of a blank disk; from holes of
# a sparse file the host's page cache would be filled first, which takes several times longer. Not every
# file system can do without (O_DIRECT).
past_the_page_cache() {
	: >direct.probe
	! dd if=direct.probe of=/dev/null iflag=direct bs=4096 status=none 2>/dev/null ||
		echo ,cache.direct=on
}

# key_drive FOLDER — QEMU's arguments for a FAT drive with the files of the folder.
key_drive() {
	printf '%s\n' -drive "file=fat:floppy:$(qemu_quote "$1"),format=raw,if=virtio,readonly=on"
}

# uefi_drives fresh|keep — QEMU's arguments for the UEFI firmware. Its variables, fresh or those of the last
# start, are in the file vars.fd.
uefi_drives() {
	local files
	mapfile -t files < <(ask_emulator '*find_firmware(), sep="\n"')
	[[ $1 == keep && -e vars.fd ]] || cp "${files[1]}" vars.fd
	printf '%s\n' -drive "if=pflash,format=raw,readonly=on,file=${files[0]}" \
		-drive if=pflash,format=raw,file=vars.fd
}

# port CHARDEV — QEMU's arguments for the port of the protocol, whose other end is CHARDEV.
port() {
	printf '%s\n' -device virtio-serial-pci -chardev "${1/,/,id=port,}" \
		-device virtserialport,chardev=port,name=org.guest-installer.0
}

# processor — QEMU's name of the machines' processor. The host tools emulate `max`; `qemu64` has neither vector
# extensions nor page tables of five levels, whose emulation is a quarter of an install.
processor() {
	if [[ $ACCEL == kvm ]]; then echo host; else echo qemu64; fi
}

# run_machine CONSOLE SECONDS [QEMU ARGUMENT]… — returns when the machine has ended, its console in
# the file CONSOLE; leaves QEMU's exit status in `status`, 124 if the seconds passed before. The
# seconds are those in which QEMU had a processor or needed none.
run_machine() {
	local console=$1 seconds=$2
	shift 2
	status=0
	"${tied[@]}" "$TOP/tests/patient" "$seconds" "${tied[@]}" \
		qemu-system-x86_64 -accel "$ACCEL" -cpu "$(processor)" -m 512 -display none -no-reboot -nic none \
		-device virtio-rng-pci -serial stdio "$@" \
		</dev/null >"$console" 2>"$console.messages" || status=$?
}

# run_installer CONSOLE [QEMU ARGUMENT]… — the installer from its kernel on. `initrd`, `iso`, `more`
# (further words of the command line) and `medium_device` (the ISO's device) may be set before. An
# emulated processor has nothing to mitigate, and it costs a fifth of a start.
run_installer() {
	local console=$1 medium
	medium=$(qemu_quote "${iso:-$ISO}")
	shift
	run_machine "$console" "${seconds:-240}" -kernel "$boot/vmlinux" \
		-initrd "${initrd:-$boot/initrd.img}" -append "$(cat "$boot/command-line") mitigations=off ${more-}" \
		-drive "if=none,id=iso,media=cdrom,format=raw,readonly=on,file=$medium" \
		-device virtio-scsi-pci -device "${medium_device:-scsi-cd},drive=iso" "$@"
}

# The last line of the protocol on the console.
last_line() {
	tr -d '\r' <"$1" | grep -a '^INSTALL_' | tail -n 1
}

# enough — ends the test if a point has failed on which the following ones depend.
enough() {
	((TAP_FAILED == 0)) || exit 0
}

# expect_verdict CONSOLE PATTERN — the machine has ended by itself, and its verdict matches PATTERN.
expect_verdict() {
	if ((status == 0)) && last_line "$1" | grep -Eqx -- "$2"; then return; fi
	echo "QEMU ended with $status; the verdict is not like '$2':"
	cat "$1.messages" "$1"
	return 1
}

# judge CONSOLE — prints how the host tools read the console; the exit status is the code.
judge() {
	"$TOP/tests/qemu/judge" "$1"
}

# expect_refusal CONSOLE CODE STAGE PATTERN — the install failed with these, and the host tools read the same code.
expect_refusal() {
	local code=0
	expect_verdict "$1" "INSTALL_FAILED code=$2 stage=$3 .*$4.*"
	expect_successes "$1" 0
	judge "$1" >"$1.judged" || code=$?
	[[ $code == "$2" ]] && return
	echo "the host's reader says $code:" && cat "$1.judged" && return 1
}

# expect_successes CONSOLE COUNT — INSTALL_SUCCESSFUL occurs COUNT times, anywhere in a line.
expect_successes() {
	local count
	count=$(grep -ao 'INSTALL_SUCCESSFUL' "$1" | wc -l || true)
	[[ $count == "$2" ]] && return
	echo "success is said $count times:" && cat "$1" && return 1
}

# root_offset IMAGE — where the last partition begins, in bytes, by sfdisk.
root_offset() {
	sfdisk --json "$1" | jq '.partitiontable | .partitions[-1].start * (.sectorsize // 512)'
}

# mark_state IMAGE — the state in the install mark (installer/disk/install_mark.h). The mark is searched
# at the root of each layout, because an unfinished disk has no partition table.
mark_state() {
	local offset
	for offset in $((1 << 20)) $((514 << 20)); do
		cmp -s -n 15 -i "$offset:0" "$1" <(printf guest-installer) || continue
		od -An -tu4 -j "$((offset + 20))" -N 4 "$1" | tr -d " "
		return
	done
	return 1
}
