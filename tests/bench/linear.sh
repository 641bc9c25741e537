#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# linear.sh — measures the installer with closures of several sizes, and what a byte and a path cost

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=bench.lib.sh
. "$(dirname "$(readlink -f "$0")")/bench.lib.sh"

rounds=${BENCH_ROUNDS:-3}
image_bytes=$((12 << 30))

usage() {
	cat <<END
usage: linear.sh

As root. Each of $rounds rounds (BENCH_ROUNDS) copies the closure of tests/bench/closure and three generated
ones, the largest with 4 GiB, onto a fresh ext4 in an image file. Prints bytes, files and paths, the time of
the walk through the narinfos and of the copy, the processor time, the peak memory, and the processor time
that bytes and paths account for by a linear fit. Needs 15 GiB in TMPDIR and the user's cache folder.
END
}

# measure NAME [SIZE…] — lines "name MiB files paths walk copy cpu peak", one for each round.
measure() {
	local name=$1 closure round times counts TIMEFORMAT='%U %S'
	shift
	closure=$("$bench_dir/closure" "$@")
	counts=$(du -s --apparent-size -B 1M "$closure/origin/nix/store" | cut -f 1)
	counts+=" $(find "$closure/origin/nix/store" -path '*/.links' -prune -o -type f -print | wc -l)"
	counts+=" $(find "$closure/cache" -name '*.narinfo' | wc -l)"
	for ((round = 0; round < rounds; round++)); do
		rm -f "$work/image"
		truncate -s "$image_bytes" "$work/image"
		"$driver" format "$work/image"
		times=$({ time "$driver" copy "file://$closure/cache" "$(cat "$closure/key")" \
			"$(cat "$closure/system")" "$work/image" "$target" >"$work/said"; } 2>&1)
		umount "$target"
		awk -v name="$name" -v counts="$counts" -v times="$times" '{ said[$1] = $2 } END {
			split(times, cpu, " ")
			print name, counts, said["closure"], said["copy"], cpu[1] + cpu[2], said["peak-kib"] }' \
			"$work/said"
	done
}

main() {
	case ${1:-} in
	--help) usage && exit 0 ;;
	?*) usage >&2 && exit 2 ;;
	esac
	((UID == 0)) || die "only root can mount"
	driver=${BENCH_DRIVER:-$(build_driver)}
	make_place
	{
		measure packages
		measure small 1000 512 10000
		measure medium 3000 1536 30000
		measure large 3000 4096 30000
	} >"$work/results"
	"$bench_dir/fit" <"$work/results"
}

main "$@"
