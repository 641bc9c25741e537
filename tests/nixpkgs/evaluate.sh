#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# evaluate.sh — proves with the nixpkgs in NIXPKGS that everything can be evaluated: the
# program, the tools, a shell to build with, both ISOs, a system of each layout, a host with two guests
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

evaluates() {
	nix-instantiate --eval --strict --option allow-import-from-derivation false \
		"$TOP/tests/nixpkgs/everything.nix" \
		--arg nixpkgs "${NIXPKGS:?is not set: make check-nix NIXPKGS=FOLDER}" -A "$1" | tee derivation
	grep -E '^"/nix/store/.*\.drv"$' derivation
}

cd "$SCRATCH"
for name in guest-installer host-tools iso lean-iso nixos-install-iso iso-of-configuration iso-of-flake \
	lean-iso-of-flake demo nixos-test options-json by-name-program by-name-host shell bios gpt pygrub direct host; do
	run_case "$name" evaluates "$name"
done
