#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# initramfs.sh — proves that iso/make-initramfs refuses programs that an initramfs cannot run
# shellcheck source=tests/tap.lib.sh
source "$(dirname "$0")/../tap.lib.sh"

PROGRAM=$TOP/build/guest-installer

# refused PATTERN OPTION FILE — instead of a program that is static.
refused() {
	local pattern=$1 option=$2 file=$3 arguments=() given
	for given in installer mkfs-fat busybox; do
		if [[ --$given == "$option" ]]; then
			arguments+=("$option" "$file")
		else
			arguments+=("--$given" "$PROGRAM")
		fi
	done
	if "$TOP/iso/make-initramfs" "${arguments[@]}" --modules "$SCRATCH" --settings /dev/null \
		"$SCRATCH/out" 2>"$SCRATCH/said"; then return 1; fi
	cat "$SCRATCH/said"
	grep -Eq "$file .*$pattern" "$SCRATCH/said"
}

dynamic_programs_are_refused() {
	local option
	readelf -l /bin/ls | grep INTERP
	for option in --installer --mkfs-fat --busybox; do
		refused 'is linked dynamically' "$option" /bin/ls
	done
}

scripts_are_refused() {
	refused 'is no 64-bit program' --mkfs-fat "$TOP/tests/run"
}

# What is refused then is the folder without modules.
static_programs_pass() {
	if refused 'is linked dynamically' --mkfs-fat "$PROGRAM"; then return 1; fi
	if grep -E 'linked|program' "$SCRATCH/said"; then return 1; fi
}

run_case "a program that is linked dynamically is refused" dynamic_programs_are_refused
run_case "a script is refused" scripts_are_refused
run_case "programs that are static pass" static_programs_pass
