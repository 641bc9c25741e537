#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# modules.sh — proves with the module system of the nixpkgs that NIXPKGS names (its lib is enough)
# that the modules of the live system and of the layouts say what they said
#
# UPDATE=1 writes the golden files anew, to be read before they are committed.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

GOLDEN=$TOP/tests/nixpkgs/golden

is_golden() {
	nix-instantiate --eval --strict --json --option allow-import-from-derivation false \
		"$TOP/tests/nixpkgs/modules.nix" -A "$1" \
		--arg nixpkgs "${NIXPKGS:?is not set: make check-nix NIXPKGS=FOLDER}" >value
	jq . value | sed "s,$TOP/,,g" >"$1.json"
	[[ ! ${UPDATE-} ]] || cp "$1.json" "$GOLDEN/$1.json"
	diff -u "$GOLDEN/$1.json" "$1.json"
}

cd "$SCRATCH"
run_case "the live system's service and its assertions" is_golden installer
run_case "each layout with a configuration that was made for UEFI" is_golden layouts
run_case "a configuration that names its root by a label of its own" is_golden labelled
run_case "a configuration that was made for a virtual machine of nixpkgs' own" is_golden machine
run_case "and what it is without the module for such" is_golden hosted
