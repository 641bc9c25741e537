#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# flake.sh — proves without a nixpkgs that `nix flake check` accepts the outputs of flake.nix, and that the test for
# nixpkgs' driver is Python that mypy accepts
#
# tests/nix/nixpkgs replaces the input; tests/nixpkgs/flake.sh evaluates the same with a real one.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

# A separate store for this test.
export NIX_STORE_DIR=$SCRATCH/store NIX_STATE_DIR=$SCRATCH/state NIX_LOG_DIR=$SCRATCH/log HOME=$SCRATCH
export NIX_CONFIG='experimental-features = nix-command flakes
build-users-group =
substituters =
flake-registry =
warn-dirty = false'

# The files that git knows, without its history.
copy_sources() {
	mkdir tree nixpkgs
	git -C "$TOP" ls-files -z flake.nix default.nix VERSION Makefile installer iso pkgs qemu keys release docs tests/nixos |
		xargs -0 tar -C "$TOP" -c | tar -x -C tree
	cp -r "$TOP/tests/nix/nixpkgs/." nixpkgs/
	cp "$TOP"/tests/nix/{standin,gpt-config}.nix nixpkgs/
}

with_input=(--no-write-lock-file --override-input nixpkgs "path:$SCRATCH/nixpkgs")

flake_is_accepted() {
	nix flake check --no-build "${with_input[@]}" "path:$PWD/tree"
}

other_outputs_are_refused() {
	cp -r tree other
	sed -i 's/default = all.guest-installer;/default = "guest-installer";/' other/flake.nix
	if nix flake check --no-build "${with_input[@]}" "path:$PWD/other" 2>said; then return 1; fi
	grep -E 'packages\.(x86_64|aarch64)-linux\.default' said
}

script_has_types() {
	nix eval --raw "${with_input[@]}" "path:$PWD/tree#checks.x86_64-linux.nixos-test.testScript" >script
	mkdir types
	cp "$TOP/tests/nixos/driver.pyi" types/
	{ echo 'from driver import create_machine, subtest' && cat script; } >types/install.py
	(cd types && mypy --strict install.py)
	sed -i 's/wait_for_shutdown()/wait_for_nothing()/' types/install.py
	if (cd types && mypy --strict install.py); then return 1; fi
}

cd "$SCRATCH"
run_case "sources and input are copied" copy_sources
run_case "nix flake check accepts flake.nix" flake_is_accepted
run_case "it refuses outputs of another form" other_outputs_are_refused
run_case "the script of the test for nixpkgs' driver has correct types" script_has_types
