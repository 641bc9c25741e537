# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/loop/effects.lib.sh — what the tests of the disk modules share: the program that calls them
#
# Needs what `make asan` builds. Source it after nothing else: it sources tests/tap.lib.sh.
# shellcheck source=tests/tap.lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

EFFECTS=$SCRATCH/effects

build_effects() {
	build_sanitized "$EFFECTS" "$TOP/tests/loop/effects.c"
}

# fails_with CODE PATTERN COMMAND… — COMMAND fails with this exit code and a sentence like this.
fails_with() {
	local code=$1 pattern=$2 output=$SCRATCH/refusal
	shift 2
	if "$@" 2>"$output"; then
		echo "succeeded: $*"
		return 1
	fi
	cat "$output"
	grep -Eq "^$code: .*$pattern" "$output"
}

# has TEXT LINE… — each LINE is a whole line of TEXT.
has() {
	local text=$1 line
	shift
	for line; do
		grep -Fxq -- "$line" <<<"$text" || {
			printf 'missing: %s\nin:\n%s\n' "$line" "$text"
			return 1
		}
	done
}

# lacks TEXT WORD — WORD is nowhere in TEXT.
lacks() {
	[[ $1 != *"$2"* ]] || {
		printf 'should not be there: %s\nin:\n%s\n' "$2" "$1"
		return 1
	}
}

need_root() {
	if ((UID)); then
		echo "only root can do this"
		exit 77
	fi
}

# attach FILE [OPTION…] — prints a new loop device with the file behind it.
attach() {
	local file=$1
	shift
	losetup --find --show "$@" "$file"
}

# detach_loops — whatever of ours is still attached.
detach_loops() {
	local name
	for name in "$SCRATCH"/*; do
		losetup -j "$name" | cut -d: -f1 | xargs -r -n1 losetup -d
	done
}
at_exit detach_loops

build_effects
