#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# aarch64.sh — proves that x86-64 builds a static program for 64-bit ARM, and that the unit tests pass as
# programs of that architecture, by qemu-user
#
# Modules: base/architecture, init/processor.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

program_is_static() {
	file build/aarch64/guest-installer | tee "$SCRATCH/file"
	grep -E 'LSB executable, ARM aarch64, .*statically linked' "$SCRATCH/file"
}

program_runs() {
	qemu-aarch64 build/aarch64/guest-installer --help >"$SCRATCH/arm"
	build/guest-installer --help | diff - "$SCRATCH/arm"
}

# Of a failing test its name and output are printed.
unit_tests_pass() {
	local tests
	mapfile -t tests < <(make -s ARCH=aarch64 print-cross-unit)
	((${#tests[@]} > 60))
	# shellcheck disable=SC2016 # the inner shell expands it
	printf '%s\0' "${tests[@]}" | xargs -0n 1 -P "$(nproc)" bash -c \
		'output=$(qemu-aarch64 "$1" 2>&1) || { printf "%s\n" "$1" "$output"; exit 1; }' -
}

cd "$TOP"
make -s -j "$(nproc)" ARCH=aarch64 build cross-unit
run_case 'the program is static, and for 64-bit ARM' program_is_static
run_case 'it says the same as that for x86-64' program_runs
run_case 'the unit tests pass on 64-bit ARM' unit_tests_pass
