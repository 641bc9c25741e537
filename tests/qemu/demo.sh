#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# demo.sh — proves that the demonstration of README.md runs to its end, verifies the guest's store and leaves
# nothing behind; with LONG=1 also with UEFI, whose sample guest has no Nix
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

cd "$SCRATCH"

# shows SENTENCE [OPTION]… — all four parts, with this sentence on the store and a duration for each part.
shows() {
	local parts
	"$TOP/qemu/demo" "${@:2}" >shown 2>said || { cat shown said && return 1; }
	cat shown
	grep -Fx "      store:        $1" shown
	grep -F '[4/4] ' shown
	parts=$(sed -nE 's/^([a-z ]*[a-z]) +[0-9]+\.[0-9] s$/\1/p' shown | paste -sd ,)
	[[ $parts == 'install,boot until login,look around,power off' ]]
}

leaves_nothing() {
	local left=("$TOP"/build/demo.*)
	[[ ! -e ${left[0]} ]]
}

run_case "it installs, boots and verifies the sample guest that has Nix" \
	shows 'every file has the hash that the database states'
run_long "with UEFI it says that the guest has no Nix" \
	shows 'not verified, because this guest has no Nix' --firmware uefi
run_case "it leaves nothing behind" leaves_nothing
