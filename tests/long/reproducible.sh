#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# reproducible.sh — two clones of one commit, built in different places, give the same bytes
#
# The same holds at different times: no product is dated later than its commit. Libraries, packages
# and signing key come from the cache, as in every second build.
# shellcheck source=tests/tap.lib.sh
source "$(dirname "$0")/../tap.lib.sh"

first=$SCRATCH/clone
second=$SCRATCH/another/place/for/a/clone

build_clone() {
	git clone -q "$TOP" "$1"
	env -u MAKEFLAGS -u MAKELEVEL make -s -C "$1" iso
}

same() {
	cmp "$first/build/$1" "$second/build/$1"
}

run_case "a clone builds" build_clone "$first"
run_case "a clone builds in another place" build_clone "$second"
run_case "both have the same program" same guest-installer
run_case "both have the same ISO" same guest-installer.iso
