#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# peers.sh — proves that the parsers read random inputs as other programs read them (tests/fuzz/peers)
#
# Needs what `make asan` builds. The seed is the same in each run; with LONG=1 there are many more inputs, and
# their seed is the date. A failing point prints the seed and the inputs.
# Modules: nix/nar, store/unpack, ext4/ext4_image, base/yaml, base/json, disk/mount, net/url,
# guest/sshd_match, input/ssh_key_line, input/smbios, base/encoding.
# shellcheck source=tests/tap.lib.sh
. "$(dirname "$0")/../tap.lib.sh"

PEERS=$TOP/tests/fuzz/peers
TODAY=$(date +%F)
export NIX_CONFIG=$'build-users-group =\nsubstituters ='
export PYTHONDONTWRITEBYTECODE=1

# build_peer SOURCE — the program of that source, with our modules under sanitizers.
build_peer() {
	build_sanitized "$SCRATCH/$(basename "$1" .c)" "$1"
}

# compare PEER COUNT SENTENCE — one point; with LONG=1 another one with a hundred times as many inputs.
compare() {
	local program=$SCRATCH/answers
	[[ $1 != ext4 ]] || program=$SCRATCH/store
	run_case "$3" "$PEERS/$1" "$program" 1 "$2"
	run_long "$3, with the inputs of $TODAY" "$PEERS/$1" "$program" "$TODAY" $(($2 * 100))
}

# A parser that refused everything would agree with every peer.
too_few_accepted_inputs_fail() {
	printf '#!/bin/sh\nexec head -c 0\n' >"$SCRATCH/silent"
	chmod +x "$SCRATCH/silent"
	! "$PEERS/smbios" "$SCRATCH/silent" 1 10
}

build_peer "$PEERS/answers.c"
build_peer "$TOP/tests/loop/store.c"
run_case "a parser that gives no answers does not agree" too_few_accepted_inputs_fail
compare nar 6 "archives are read as Nix reads them"
compare ext4 4 "a tree is written so that e2fsck and debugfs find it again"
compare yaml 300 "YAML means what it means to PyYAML"
compare json 500 "JSON means what it means to Python"
compare fstab 40 "an fstab has the lines that findmnt lists"
compare url 500 "URLs lead where they lead for libcurl, and no password is shown"
compare sshd_match 120 "patterns of sshd_config match what they match for sshd"
compare ssh_key 400 "keys and base64 are accepted that ssh-keygen and Python accept"
compare smbios 200 "strings of SMBIOS are those of dmidecode"
