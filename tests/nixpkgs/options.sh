#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# options.sh — proves with the lib of the nixpkgs in NIXPKGS that docs/options.md and options.json have every option of
# both NixOS modules
#
# UPDATE=1 writes docs/options.md again. Read it before you commit it.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

# A separate store for this test.
export NIX_STORE_DIR=$SCRATCH/store NIX_STATE_DIR=$SCRATCH/state NIX_LOG_DIR=$SCRATCH/log
export NIX_CONFIG='build-users-group ='
cd "$SCRATCH"

# evaluate ATTRIBUTE — of docs/options.nix, as JSON.
evaluate() {
	nix-instantiate --eval --strict --json --option allow-import-from-derivation false \
		--arg lib "import ${NIXPKGS:?is not set: make check-nix NIXPKGS=FOLDER}/lib" "$TOP/docs/options.nix" -A "$1"
}

the_document_is_that_of_the_modules() {
	evaluate markdown | jq -rj . >options.md
	[[ ! ${UPDATE-} ]] || cp options.md "$TOP/docs/options.md"
	diff -u "$TOP/docs/options.md" options.md
}

every_option_is_described() {
	local name
	evaluate list >options.json
	jq -e 'all(.[]; has("name") and has("type") and (.description | length > 10) and (.declarations | length == 1))' \
		options.json
	while read -r name; do
		jq -e --arg name "$name" 'any(.[].name; endswith("." + $name))' options.json >/dev/null || {
			echo "no $name"
			return 1
		}
	done < <(grep -ohE '^ +[A-Za-z]+ = mkOption' "$TOP"/{iso,qemu}/module/options.nix | sed 's/^ *//; s/ =.*//')
}

# Placeholders stand where the user names something; a type has no address of this machine's memory or store.
nothing_of_this_machine_is_in_it() {
	! grep -F -e "$TOP" -e /nix/store "$TOP/docs/options.md" options.json
}

run_case "docs/options.md has the options of the modules" the_document_is_that_of_the_modules
run_case "every option has a type, a description and the file that declares it" every_option_is_described
run_case "nothing of this machine is in it" nothing_of_this_machine_is_in_it
