#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# libraries.sh — proves that the program that ships is static and stripped, and needs every
# library it is linked with: the link fails when any one of them is taken away
# shellcheck source=tests/tap.lib.sh
source "$(dirname "$0")/../tap.lib.sh"
cd "$TOP"

BINARY=build/guest-installer
LINK=() # make's own link line, writing to the scratch folder

read_link_line() {
	local line
	line=$(make -s --no-print-directory print-link | tail -n 1)
	read -ra LINK <<<"${line/-o $BINARY /-o $SCRATCH/linked }"
	[[ " ${LINK[*]} " == *" -o $SCRATCH/linked "* ]]
}

library_names() {
	printf '%s\n' "${LINK[@]}" | sed -n 's/^-l//p' | grep -vx dl | sort -u
}

# link_without LIBRARY — the library given as "" takes nothing away.
link_without() {
	local word words=()
	for word in "${LINK[@]}"; do
		[[ $word == "-l$1" ]] || words+=("$word")
	done
	"${words[@]}"
}

nothing_is_loaded_at_run_time() {
	readelf --dynamic --program-headers --wide "$BINARY" >"$SCRATCH/elf"
	! grep -E 'NEEDED|INTERP' "$SCRATCH/elf"
}

no_symbols_are_left() {
	readelf --sections --wide "$BINARY" >"$SCRATCH/elf"
	! grep -E '\.symtab|\.debug_' "$SCRATCH/elf"
}

no_path_of_the_build_is_inside() {
	! grep -aF -e "$TOP" -e "${HOME%/}/." -e static-tmp "$BINARY"
}

the_whole_link_line_works() {
	link_without ''
	cmp "$SCRATCH/linked" "$BINARY"
}

the_link_fails_without() {
	if link_without "$1" >"$SCRATCH/log" 2>&1; then
		echo "linked without -l$1"
		return 1
	fi
	cat "$SCRATCH/log"
	grep -q 'undefined reference' "$SCRATCH/log"
}

read_link_line
run_case 'nothing is loaded at run time' nothing_is_loaded_at_run_time
run_case 'no symbols are left' no_symbols_are_left
run_case 'no path of the build is inside' no_path_of_the_build_is_inside
run_case 'the whole link line works' the_whole_link_line_works
for library in $(library_names); do
	run_case "the link fails without lib$library" the_link_fails_without "$library"
done
