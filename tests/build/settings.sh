#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# settings.sh — proves that the program and the Nix expressions agree on which settings go together:
# each configuration is rendered by Nix and read by the program
#
# Modules: config/key_table.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

# The configurations of a list of tests/nix/cases.nix, as the texts of their files, if Nix says of
# each what the list's name says.
rendered() {
	nix-instantiate --eval --strict --json --expr "
		let
			lib = import $TOP/tests/nix/standin.nix;
			settings = import $TOP/iso/module/settings.nix { inherit lib; };
			rules = import $TOP/iso/module/rules.nix { inherit lib; };
			accepted = case: builtins.all (rule: rule.assertion) (rules case);
		in
		map (case:
			assert settings.errors \"settings\" case == [ ];
			assert accepted case == $2;
			settings.render case) (import $TOP/tests/nix/cases.nix).$1" >"$1.json"
}

# A bad configuration is code 2; a good one comes as far as the keys, of which there are none.
ends_with() {
	local status=0
	"$TOP/build/asan/guest-installer" plan --config "$2" || status=$?
	((status == $1))
}

# try LIST STATUS — what the program says of each configuration of a list.
try() {
	local i count
	count=$(jq length "$1.json")
	for ((i = 0; i < count; i++)); do
		jq -rj ".[$i]" "$1.json" >"$1-$i.conf"
		run_case "$1: $(paste -sd, "$1-$i.conf")" ends_with "$2" "$1-$i.conf"
	done
}

# Both read the same table, installer/config/keys.def.
keys_are_those_of_the_program() {
	nix-instantiate --eval --strict --json --expr "
		(import $TOP/iso/module/settings.nix { lib = import $TOP/tests/nix/standin.nix; }).keys" |
		jq -r '.[]' >keys
	"$TOP/build/asan/guest-installer" --help |
		sed -n '/^Keys:/,/^$/s/^  \([a-z0-9-]\+\) .*/\1/p' | diff - keys
	(($(wc -l <keys) >= 20))
}

cd "$SCRATCH"
run_case "Nix knows the keys of the program, in the order of --help" keys_are_those_of_the_program
run_case "Nix refuses what does not go together" rendered refused false
run_case "Nix accepts what does" rendered accepted true
try refused 2
try accepted 20
