#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# swap.sh — proves that a swap area is what mkswap would make, and what blkid takes for one
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

MIB=$((1024 * 1024))
UUID=44444444-4444-4444-8444-444444444444

# equals_mkswap SIZE LABEL — the same area by both, at the start of a blank file.
equals_mkswap() {
	local name
	for name in reference ours; do
		rm -f "$SCRATCH/$name"
		truncate -s "$1" "$SCRATCH/$name"
	done
	mkswap --quiet --pagesize 4096 -U "$UUID" ${2:+-L "$2"} "$SCRATCH/reference"
	"$EFFECTS" swap "$SCRATCH/ours" 0 "$1" "$2" "$UUID"
	cmp -n "$MIB" "$SCRATCH/reference" "$SCRATCH/ours" # all that either writes
}

found() {
	blkid -p -O "$MIB" -S $((6 * MIB)) -s "$1" -o value "$SCRATCH/disk"
}

only_its_page_is_written() {
	head -c $((8 * MIB)) /dev/zero | tr '\0' '\252' >"$SCRATCH/before"
	cp "$SCRATCH/before" "$SCRATCH/disk"
	"$EFFECTS" swap "$SCRATCH/disk" $MIB $((6 * MIB)) swap "$UUID"
	[[ "$(found TYPE) $(found VERSION) $(found LABEL) $(found UUID)" == "swap 1 swap $UUID" ]]
	cmp -n $MIB "$SCRATCH/disk" "$SCRATCH/before"
	cmp -i $((MIB + 4096)) "$SCRATCH/disk" "$SCRATCH/before"
}

wrong_requests_are_refused() {
	truncate -s 1M "$SCRATCH/disk"
	fails_with 0 "longer than 16" "$EFFECTS" swap "$SCRATCH/disk" 0 $MIB seventeen-letters "$UUID"
	fails_with 0 "no UUID" "$EFFECTS" swap "$SCRATCH/disk" 0 $MIB swap nonsense
	fails_with 0 "no size for a swap" "$EFFECTS" swap "$SCRATCH/disk" 0 36864 swap "$UUID"
	fails_with 0 "/nowhere: .*No such file" "$EFFECTS" swap "$SCRATCH/nowhere" 0 $MIB swap "$UUID"
}

run_case "a swap area is mkswap's byte for byte" equals_mkswap $((256 * MIB)) swap
run_case "so is one of odd size and with a long label" equals_mkswap $((40960 + 4095)) fifteen-letters
run_case "so is a large one without a label" equals_mkswap $((3072 * MIB)) ''
run_case "in a disk it is what blkid takes for one, and nothing else is written" only_its_page_is_written
run_case "wrong labels, UUIDs, sizes and paths are refused by name" wrong_requests_are_refused
