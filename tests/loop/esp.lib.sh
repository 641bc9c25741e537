# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# esp.lib.sh — ESPs with real systemd-boot, and what bootctl and our reader (boot_menus.c) say of them

READER=$SCRATCH/boot_menus
STUB=/usr/lib/systemd/boot/efi/linuxx64.efi.stub
BOOT=/usr/lib/systemd/boot/efi/systemd-bootx64.efi
SYSTEM=/nix/store/0123456789abcdfghijklmnpqrsvwxyz-system

build_reader() {
	build_sanitized "$READER" "$TOP/tests/loop/boot_menus.c"
}

# ---------------------------------------------------------------- bootctl

# bootctl accepts only the root of a file system; a vfat is not needed.
mount_esp() {
	ESP=$SCRATCH/esp
	mkdir -p "$ESP"
	mount -t tmpfs tmpfs "$ESP"
}

leave_esp() {
	umount "$SCRATCH/esp" 2>/dev/null
}
at_exit leave_esp

# new_esp CONFIG — an ESP with this loader.conf and two kernels.
new_esp() {
	rm -rf "${ESP:?}"/*
	mkdir -p "$ESP/loader/entries" "$ESP/EFI/BOOT"
	cp "$BOOT" "$ESP/EFI/BOOT/BOOTX64.EFI"
	touch "$ESP/k"
	printf '%b' "$1" >"$ESP/loader/loader.conf"
}

# add_entry FILE LINES
add_entry() {
	printf 'title NixOS\nlinux /k\n%b\n' "$2" >"$ESP/loader/entries/$1"
}

listed_by_bootctl() {
	SYSTEMD_RELAX_ESP_CHECKS=1 SYSTEMD_COLORS=0 bootctl --no-pager --esp-path="$ESP" list |
		sed -n 's/^ *title: .*(default).*/*/p; s/^ *id: \(.*\)/\1/p' |
		sed -n '/^\*$/{n; s/$/*/}; p'
}

order_agrees() {
	listed_by_bootctl | tr '[:upper:]' '[:lower:]' >"$SCRATCH/theirs"
	"$READER" order "$ESP" >"$SCRATCH/ours"
	[[ $(grep -c '\*$' "$SCRATCH/theirs") == 1 ]]
	diff "$SCRATCH/theirs" "$SCRATCH/ours"
}

# ---------------------------------------------------------------- a whole target

# new_target — a root with a system in its store and an ESP in /boot that starts it.
new_target() {
	local root=$SCRATCH/root esp=$SCRATCH/root/boot
	rm -rf "$root"
	mkdir -p "$root$SYSTEM" "$esp/EFI/BOOT" "$esp/EFI/nixos" "$esp/EFI/Linux" "$esp/loader/entries"
	cp "$STUB" "$root$SYSTEM/kernel" # the header of an EFI program, as a kernel has it
	echo initrd >"$root$SYSTEM/initrd"
	cp "$root$SYSTEM/kernel" "$esp/EFI/nixos/k.efi"
	cp "$root$SYSTEM/initrd" "$esp/EFI/nixos/i.efi"
	cp "$BOOT" "$esp/EFI/BOOT/BOOTX64.EFI"
	echo 'default nixos-generation-1.conf' >"$esp/loader/loader.conf"
	printf '%s\n' 'title NixOS' 'version Generation 1' 'linux /EFI/nixos/k.efi' \
		'initrd /EFI/nixos/i.efi' "options init=$SYSTEM/init quiet" \
		>"$esp/loader/entries/nixos-generation-1.conf"
	cd "$esp" || return
}

# esp_is PATTERN [external] — what we say of it.
esp_is() {
	local said
	said=$("$READER" "${2:-esp}" "$SCRATCH/root" "$SYSTEM" "$SYSTEM/kernel" "$SYSTEM/initrd")
	# shellcheck disable=SC2053 # a pattern
	[[ $said == $1 ]] || { echo "$said, expected $1" && return 1; }
}

# make_image KERNEL INITRD OPTIONS [OBJCOPY OPTION…] — a unified kernel image, as ukify makes it.
make_image() {
	local image=EFI/Linux/nixos-1.efi
	printf 'ID=nixos\nPRETTY_NAME="NixOS"\nVERSION_ID="25.05"\n' >"$SCRATCH/osrel"
	printf '%s' "$3" >"$SCRATCH/options"
	objcopy --add-section .osrel="$SCRATCH/osrel" --change-section-vma .osrel=0x20000 \
		--add-section .cmdline="$SCRATCH/options" --change-section-vma .cmdline=0x30000 \
		--add-section .linux="$1" --change-section-vma .linux=0x2000000 \
		--add-section .initrd="$2" --change-section-vma .initrd=0x3000000 \
		"${@:4}" "$STUB" "$image"
}
