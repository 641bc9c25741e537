#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# clone.sh — measures what `guest-installer image --from` takes beyond the copy of the file

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=bench.lib.sh
. "$(dirname "$(readlink -f "$0")")/bench.lib.sh"

rounds=${BENCH_ROUNDS:-5}
limit=0.2 # seconds beyond the copy

usage() {
	cat <<END
usage: clone.sh

Makes images of two sample guests. Each of $rounds rounds (BENCH_ROUNDS) copies one by cp and syncs the copy, and
makes a second guest of it by image --from, one after the other. Prints the medians, and the difference of each
round. The images lie in TMPDIR: in a file system of memory, no disk is measured.
END
}

make_image() {
	"$build_dir/guest-installer" image --manifest "$build_dir/guest-$1.json" --cache "$build_dir/cache" \
		--set trusted-keys=none --set keys=none --size 2G "$work/$1.img" >"$work/log" ||
		die "no image of $1: $(tail -n 1 "$work/log")"
}

way_cp() {
	cp --reflink=auto --sparse=always "$1" "$2" && sync "$2"
}

way_clone() {
	"$build_dir/guest-installer" image --from "$1" --set keys=none "$2" >"$work/log"
}

# measure WAY IMAGE — wall and processor seconds.
measure() {
	local TIMEFORMAT='%R %U %S'
	rm -f "$work/copy.img"
	sync -f "$work"
	{ time "way_$1" "$2" "$work/copy.img"; } 2>&1 | awk '{ print $1, $2 + $3 }'
}

# spread — the median of the numbers on standard input, and the least and the most.
spread() {
	sort -g | awk '{ n[NR] = $1 } END { printf "%.2f (%.2f-%.2f)", (n[int((NR + 1) / 2)] + n[int(NR / 2) + 1]) / 2, n[1], n[NR] }'
}

# column NUMBER — of the results, as a spread; a negative number is that of the difference of both ways.
column() {
	awk -v c="$1" '{ print c < 0 ? $(-c + 2) - $(-c) : $c }' "$work/results" | spread
}

compare() {
	local round
	make_image "$1"
	for ((round = 0; round < rounds; round++)); do
		echo "$(measure cp "$work/$1.img") $(measure clone "$work/$1.img")"
	done >"$work/results"
	printf '%-13s %-8s %-18s %-18s\n' "$1" cp "$(column 1)" "$(column 2)" \
		'' clone "$(column 3)" "$(column 4)" '' beyond "$(column -1)" "$(column -2)"
}

main() {
	case ${1:-} in
	--help) usage && exit 0 ;;
	?*) usage >&2 && exit 2 ;;
	esac
	work=$(mktemp -d "${TMPDIR:-/tmp}/guest-installer-bench.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	make -s -C "$top_dir" build >&2
	"$top_dir/iso/make-cache"
	printf '%d rounds: median (least-most) in seconds; %s beyond the copy are the aim\n\n' "$rounds" "$limit"
	printf '%-13s %-8s %-18s %-18s\n' guest way wall CPU
	compare direct
	compare systemd-boot
}

main "$@"
