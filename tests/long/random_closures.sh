#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# random_closures.sh — proves that images have 200 random closures as Nix unpacks them, and a file of more than 4 GiB;
# and that what does not fit is refused with a code and leaves nothing
#
# CLOSURES (200) and FIRST_SEED (1) choose the closures. A failing point names its seed.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../image/image.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../image/image.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"
# shellcheck source=../image/closures.lib.sh
source "$TOP/tests/image/closures.lib.sh"

readonly GIB=$((1 << 30))

closures_are_whole() {
	local seed
	for ((seed = ${FIRST_SEED:-1}; seed < ${FIRST_SEED:-1} + ${CLOSURES:-200}; seed++)); do
		a_closure_is_whole "$seed"
	done
}

# Seed 28 has more files than the smallest disk has inodes, which is taken if the manifest names too few files.
what_does_not_fit_is_refused() {
	make_cache 28 direct
	make_manifest direct
	does_not_fit 14 'the guest needs' --size 1200M
	make_manifest direct 0
	does_not_fit 43 'No space left on device' --shrink
}

# does_not_fit CODE PATTERN OPTION… — nothing is left.
does_not_fit() {
	local status=0
	make_random direct "${@:3}" || status=$?
	tail -n 1 said
	((status == $1)) && grep -E "^INSTALL_FAILED code=$1 .*$2" said
	[[ ! $(ls -A out) ]]
	nothing_is_left
}

prepare_closures
run_case "a closure with a file of more than 4 GiB just fits, and is whole" a_closure_is_whole 10 $((4 * GIB + 1048576))
run_case "what does not fit is refused, and leaves nothing" what_does_not_fit_is_refused
run_case "${CLOSURES:-200} random closures are whole" closures_are_whole
