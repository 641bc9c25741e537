#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# layers.sh — proves that the folders of installer/ include downwards only, in the order of installer/layers
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

upward() {
	awk '
		FNR == NR { if (!/^#/) rank[$1] = ++n; next }
		FNR == 1 { split(FILENAME, part, "/"); own = part[3] ? part[2] : "" }
		match($0, /^#include "[a-z0-9_]+\//) {
			used = substr($0, RSTART + 10, RLENGTH - 11)
			if (own && rank[used] > rank[own]) print FILENAME ": " $0
		}' installer/layers installer/*.[ch] installer/*/*.[ch]
}

includes_go_down() { cd "$TOP" && ! upward | grep .; }
run_case 'no file includes one of a higher layer' includes_go_down
