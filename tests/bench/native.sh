#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# native.sh — measures the copy stage against other ways to fill a disk, on this machine

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=bench.lib.sh
. "$(dirname "$(readlink -f "$0")")/bench.lib.sh"

rounds=${BENCH_ROUNDS:-5}
image_bytes=$((2 << 30))

usage() {
	cat <<END
usage: native.sh

As root. Each of $rounds rounds (BENCH_ROUNDS) fills a fresh ext4 in an image file, mounted through a
loop device, in each of the ways, one after the other, and waits until all is on the disk:

  installer      the shipping copy stage and database, signatures checked
  nix-copy       nix copy from the same cache, signatures checked
  cp             cp -a of the store
  unsquashfs     of a zstd squashfs of the store
  dd             the archives as one file, with fsync

and what is no such way, but bounds it:

  bound          zstd and SHA-256 of the same archives, in threads of one process; nothing is written
  dd-direct      the archives straight into the image file, with O_DIRECT
  mkfs           mkfs.ext4 -d, which writes the store into an unmounted file system

Prints medians, and the spread of each round's ratios. The image is made in TMPDIR.
END
}

way_installer() {
	"$driver" copy "file://$closure/cache" "$(cat "$closure/key")" "$system" "$work/image" "$target"
}

way_nix-copy() {
	nix copy --option trusted-public-keys "$(cat "$closure/key")" \
		--from "file://$closure/cache" --to "$target" "$system" && sync -f "$target"
}

way_cp() {
	cp -a "$closure/origin/nix/store/." "$target/" && sync -f "$target"
}

way_unsquashfs() {
	unsquashfs -no-progress -quiet -dest "$target/store" "$closure/squashfs" && sync -f "$target"
}

way_dd() {
	dd if="$closure/nars" of="$target/nars" bs=1M conv=fsync status=none
}

way_bound() {
	"$driver" bound "file://$closure/cache" "$(cat "$closure/key")" "$system"
}

way_dd-direct() {
	dd if="$closure/nars" of="$work/image" bs=1M oflag=direct conv=notrunc,fsync status=none
}

way_mkfs() {
	mke2fs -q -t ext4 -d "$closure/origin" "$work/image" && sync "$work/image"
}

# new_target WAY — an empty file system: unmounted for the installer, which mounts it later, and
# mounted for the others.
new_target() {
	rm -f "$work/image"
	truncate -s "$image_bytes" "$work/image"
	if [[ $1 == installer ]]; then
		"$driver" format "$work/image"
	elif [[ $1 != @(bound|dd-direct|mkfs) ]]; then
		mke2fs -q -t ext4 "$work/image"
		mount -o loop "$work/image" "$target"
	fi
	sync
}

# Clock ticks that kernel threads have used, in hundredths of a second: they write dirty pages.
kernel_ticks() {
	{ cat /proc/[0-9]*/stat 2>/dev/null || true; } | sed 's/^.*) //' | awk '$2 == 2 { sum += $12 + $13 } END { print sum }'
}

# measure WAY — a line "WAY wall own-cpu kernel-threads'-cpu" on a fresh file system.
measure() {
	local way=$1 before times TIMEFORMAT='%R %U %S'
	new_target "$way"
	before=$(kernel_ticks)
	times=$({ time "way_$way" 1>&3 2>&4; } 3>/dev/null 4>"$work/log" 2>&1) ||
		die "$way failed: $(tail -n 3 "$work/log")"
	awk -v way="$way" -v ticks=$(($(kernel_ticks) - before)) \
		'{ print way, $1, $2 + $3, ticks / 100 }' <<<"$times" >>"$work/results"
	! mountpoint -q "$target" || umount "$target"
}

# peak NAME SYSTEM — the installer's peak memory in KiB, and a line on it to standard error.
peak() {
	local kib
	new_target installer
	"$driver" copy "$2" "$3" "$4" "$work/image" "$target" >"$work/installer"
	kib=$(sed -n 's/^peak-kib //p' "$work/installer")
	printf 'peak memory, %s: %s KiB\n' "$1" "$kib" >&2
	umount "$target"
	printf '%s\n' "$kib"
}

# Memory is flat in the closure's size.
compare_memory() {
	local small large
	"$top_dir/iso/make-cache"
	small=$(peak "the sample guest" "file://$build_dir/cache" "$(cat "$cache_dir/signing-key.pub")" \
		"$(readlink "$build_dir/sample-gpt")")
	large=$(peak "the closure above" "file://$closure/cache" "$(cat "$closure/key")" "$system")
	((large - small < 2048 && small - large < 2048)) || die "memory grows with the closure"
}

main() {
	case ${1:-} in
	--help) usage && exit 0 ;;
	?*) usage >&2 && exit 2 ;;
	esac
	((UID == 0)) || die "only root can mount"
	local round way
	closure=$("$bench_dir/closure")
	system=$(cat "$closure/system")
	driver=${BENCH_DRIVER:-$(build_driver)}
	make_place
	for ((round = 0; round < rounds; round++)); do
		for way in installer bound dd-direct mkfs nix-copy cp unsquashfs dd; do
			measure "$way"
		done
	done
	compare_memory
	"$bench_dir/table" <"$work/results"
}

main "$@"
