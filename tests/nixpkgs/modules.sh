#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# modules.sh — proves with the module system of the nixpkgs in NIXPKGS (its lib is enough) that the
# modules of the live system and of the layouts produce the golden files
#
# UPDATE=1 writes the golden files again. Read them before you commit them.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

# A separate store for this test.
export NIX_STORE_DIR=$SCRATCH/store NIX_STATE_DIR=$SCRATCH/state NIX_LOG_DIR=$SCRATCH/log
export NIX_CONFIG='build-users-group ='
GOLDEN=$TOP/tests/nixpkgs/golden

# is_golden ATTRIBUTE [FILE] — the golden file has another name than the attribute.
is_golden() {
	local golden=$GOLDEN/${2-$1}.json
	nix-instantiate --read-write-mode --eval --strict --json --option allow-import-from-derivation false \
		"$TOP/tests/nixpkgs/modules.nix" -A "$1" \
		--arg nixpkgs "${NIXPKGS:?is not set: make check-nix NIXPKGS=FOLDER}" >value
	jq . value | sed "s,$TOP/,,g" >"$1.json"
	[[ ! ${UPDATE-} ]] || cp "$1.json" "$golden"
	diff -u "$golden" "$1.json"
}

cd "$SCRATCH"
run_case "the live system's service and its assertions" is_golden installer
run_case "each layout with a configuration for UEFI" is_golden layouts
run_case "each layout from the file for rebuilds" is_golden rebuilt layouts
run_case "the layout gpt of a guest of 64-bit ARM" is_golden arm
run_case "a configuration that names its root by a label of its own" is_golden labelled
run_case "a configuration for a virtual machine of nixpkgs" is_golden machine
run_case "the same configuration without the module own-disk.nix" is_golden hosted
