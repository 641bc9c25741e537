#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# guest.sh — measures the copy stage against others in an emulated guest, and a whole install

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=bench.lib.sh
. "$(dirname "$(readlink -f "$0")")/bench.lib.sh"

rounds=${BENCH_GUEST_ROUNDS:-1}
deadline=${BENCH_GUEST_DEADLINE:-1800}

usage() {
	cat <<END
usage: guest.sh

Installs the sample guest from the ISO and says where the time went. Then fills the disk of a guest
of two processors and 1 GiB, which runs the ISO's kernel under software emulation, with the closure
of native.sh, in $rounds rounds (BENCH_GUEST_ROUNDS): by the installer, nix copy, unsquashfs and dd.
CPU is all the time that the guest's processors were not idle, the kernel's writing out included.
END
}

# Where the time goes from power-on to the verdict, by the installer's own clock and ours.
time_install() {
	local start=$EPOCHREALTIME
	ssh-keygen -q -t ed25519 -N '' -f "$work/id"
	"$top_dir/qemu/first-run" --disk "$work/sample.qcow2" --size 4G --key "$work/id.pub" \
		--iso "$build_dir/guest-installer.iso" >"$work/log" 2>&1 || die "the install failed: $(tail -n 5 "$work/log")"
	awk -v a="$start" -v b="$EPOCHREALTIME" \
		'BEGIN { printf "install of the sample guest, from power-on to power-off: %.1f s\n", b - a }'
	tr -d '\r' <"$work/sample.qcow2.log" | sed -n 's/^INSTALL_RESULT seconds=/  /p'
}

# A program and the libraries that it is linked with, in one folder.
copy_tool() {
	mkdir -p "$2"
	cp -L "$(command -v "$1")" "$2/"
	ldd "$(command -v "$1")" | grep -o '/[^ ]*' | xargs cp -L -t "$2"
}

# What the guest reads from: Nix of the sample guest, the caches.
build_data() {
	local data=$work/data path nix
	mkdir -p "$data/nix/store" "$data/bin"
	mapfile -t paths < <(NIX_REMOTE='' nix-store --query --requisites "$build_dir/sample-gpt")
	nix=$(printf '%s\n' "${paths[@]}" | grep -E -- '-nix-[0-9.]+$')
	NIX_REMOTE='' nix-store --query --requisites "$nix" | xargs cp -a -t "$data/nix/store"
	ln -s "$nix/bin/nix" "$data/bin/nix"
	copy_tool unsquashfs "$data/tools"
	for path in cache squashfs nars system key; do
		cp -a "$closure/$path" "$data/"
	done
	truncate -s 1G "$work/data.img"
	mke2fs -q -t ext4 -d "$data" "$work/data.img"
}

# A file of a later archive of an initramfs replaces one of an earlier archive.
build_initramfs() {
	mkdir "$work/root"
	xorriso -osirrox on -indev "$build_dir/guest-installer.iso" -extract /boot "$work/boot" 2>/dev/null
	install -m 755 "$bench_dir/guest-init" "$work/root/init"
	install -m 755 "$driver" "$work/root/install"
	install -m 644 "$work/boot/initrd.img" "$work/initrd"
	truncate -s %512 "$work/initrd" # an archive begins on four bytes
	(cd "$work/root" && find . | cpio -o -H newc -R 0:0 --quiet) >>"$work/initrd"
}

# run_round — lines "way wall cpu 0"
run_round() {
	rm -f "$work/target.img"
	truncate -s 2G "$work/target.img"
	sfdisk -q "$work/target.img" <<<$'label: dos\n2048,,83'
	timeout --kill-after=5 "$deadline" qemu-system-x86_64 -no-user-config -nodefaults -machine pc \
		-accel tcg -cpu max -smp 2 -m 1024 -display none -no-reboot -device virtio-rng-pci \
		-kernel "$work/boot/vmlinuz" -initrd "$work/initrd" -serial "file:$work/serial" \
		-append "console=ttyS0 panic=-1 quiet ways=$1" \
		-drive "if=virtio,format=raw,readonly=on,file=$work/data.img" \
		-drive "if=virtio,format=raw,file=$work/target.img,cache=unsafe,discard=unmap"
	tr -d '\r' <"$work/serial" | sed -n 's/^>>> //p' >"$work/lines"
	if grep -q '^failed' "$work/lines" || ! grep -qx end "$work/lines"; then
		die "the guest failed: $(tr -d '\r' <"$work/serial" | tail -n 20)"
	fi
	grep -vx end "$work/lines" | sed 's/nix_copy/nix-copy/'
}

main() {
	case ${1:-} in
	--help) usage && exit 0 ;;
	?*) usage >&2 && exit 2 ;;
	esac
	local round
	make -s -C "$top_dir" iso >&2
	closure=$("$bench_dir/closure")
	driver=${BENCH_DRIVER:-$(build_driver)}
	work=$(mktemp -d "${TMPDIR:-/tmp}/guest-installer-bench.XXXXXX")
	trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
	time_install
	build_data
	build_initramfs
	for ((round = 0; round < rounds; round++)); do
		run_round installer,nix_copy,unsquashfs,dd >>"$work/results"
	done
	printf '\nin the emulated guest: '
	BENCH_STRICT='' "$bench_dir/table" <"$work/results"
}

main "$@"
