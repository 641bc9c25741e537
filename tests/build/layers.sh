#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# layers.sh — proves that the folders of installer/ include downwards only, in the order of
# installer/layers, that no files or modules include each other in a circle, and that no
# function name is defined twice
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

# upward FOLDER — prints each include of a higher layer.
upward() {
	awk -v top="$1" '
		FNR == NR { if (!/^#/) rank[$1] = ++n; next }
		FNR == 1 {
			split(substr(FILENAME, length(top) + 2), part, "/")
			own = part[2] ? part[1] : ""
			if (own && !rank[own]) print FILENAME ": its folder is not in " top "/layers"
		}
		match($0, /^#include "[a-z0-9_]+\//) {
			used = substr($0, RSTART + 10, RLENGTH - 11)
			if (own && rank[used] > rank[own]) print FILENAME ": " $0
		}' "$1/layers" "$1"/*.[ch] "$1"/*/*.[ch]
}

# defined_twice FOLDER — prints each function name with more than one definition, and where they are.
defined_twice() {
	ctags -x --languages=C --kinds-C=f --_xformat='%N %F:%n' "$1"/*.[ch] "$1"/*/*.[ch] | sort |
		awk '$1 == name { print before; print; } { name = $1; before = $0 }' | sort -u
}

# nothing COMMAND… — the command prints nothing.
nothing() {
	! "$@" | grep .
}

# finds PATTERN COMMAND… — the command prints one line of this pattern.
finds() {
	local pattern=$1
	shift
	"$@" | tee "$SCRATCH/found"
	[[ $(grep -cE -- "$pattern" "$SCRATCH/found") == 1 ]]
}

# A tree with one fault of each kind.
make_faults() {
	mkdir -p bad/low bad/high
	printf '%s\n' low high >bad/layers
	echo '#include "high/b.h"' >bad/low/a.c
	echo '#include "high/c.h"' >bad/high/b.h
	echo '#include "high/b.h"' >bad/high/c.c
	echo 'static int same(void) { return 1; }' | tee -a bad/low/a.c >>bad/high/c.c
	echo '#include "low/e.h"' >bad/low/d.h
	echo '#include "low/d.h"' >bad/low/e.h
	touch bad/main.c bad/main.h bad/low/a.h bad/high/c.h
}

cd "$SCRATCH"
make_faults
run_case 'an include of a higher layer is found' finds '^bad/low/a.c: #include "high/b.h"$' upward bad
run_case 'an include cycle between files is found' finds '^low/d.h -> low/e.h -> low/d.h$' "$TOP/tests/build/cycles" files bad
run_case 'an include cycle between modules is found' finds '^high/b -> high/c -> high/b$' "$TOP/tests/build/cycles" modules bad
run_case 'a second definition of a static function is found' finds '^same bad/low/a.c:2$' defined_twice bad
cd "$TOP"
run_case 'no file includes one of a higher layer' nothing upward installer
run_case 'no files include each other in a circle' nothing tests/build/cycles files installer
run_case 'no modules use each other in a circle' nothing tests/build/cycles modules installer
run_case 'no function name is defined twice' nothing defined_twice installer
