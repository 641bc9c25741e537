#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tests/tap.lib.sh — what every shell test shares: test points (TAP) and a scratch folder
#
# Source it first, then call run_case for each thing to prove. The plan is printed at the end.
# A test must not set a trap for EXIT: it says at_exit instead.
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# What is built for the machines of the test; a test of 64-bit ARM has set it to build/aarch64.
BUILT=${BUILT:-$TOP/build}
export TOP BUILT
# fdisk, mkfs and losetup live outside an ordinary user's path.
export PATH=$PATH:/usr/sbin:/sbin
TAP_COUNT=0
TAP_FAILED=0
TAP_CLEANUPS=()
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/guest-installer-test.XXXXXX")
export SCRATCH

# ok SENTENCE, not_ok SENTENCE — one test point, by hand.
ok() {
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "ok $TAP_COUNT - $1"
}

not_ok() {
	TAP_COUNT=$((TAP_COUNT + 1))
	TAP_FAILED=$((TAP_FAILED + 1))
	echo "not ok $TAP_COUNT - $1"
}

# skip SENTENCE REASON — a point that cannot be tested here. It is counted, and fails CI.
skip() {
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "ok $TAP_COUNT - $1 # SKIP $2"
}

# run_case SENTENCE COMMAND [ARG]… — run COMMAND (mostly a function) in a subshell under set -e;
# the point fails with its output if it fails. Status 77 skips, its last line says why.
run_case() {
	local sentence=$1 status output=$SCRATCH/output
	shift
	set +e
	(
		set -e
		"$@"
	) >"$output" 2>&1 </dev/null
	status=$?
	set -e
	case $status in
	0) ok "$sentence" ;;
	77) skip "$sentence" "$(tail -n 1 "$output")" ;;
	*)
		not_ok "$sentence"
		echo "# status $status"
		tail -n 200 "$output" | tr -d '\r' | sed 's/^/# /'
		;;
	esac
}

# run_long SENTENCE COMMAND [ARG]… — run_case, only if LONG is set: for a point that repeats the proof of
# another one in other circumstances. `tests/run long` sets LONG.
run_long() {
	[[ ! ${LONG-} ]] || run_case "$@"
}

# Milliseconds in which some process of this machine waited for a processor, since it started.
busy_milliseconds() {
	local word total=0
	[[ ! -r /proc/pressure/cpu ]] || for word in $(</proc/pressure/cpu); do
		[[ $word != total=* ]] || { total=${word#total=} && break; }
	done
	echo $((total / 1000))
}

# the_rest_is_long — ends the test unless LONG is set: what follows are points for run_long.
the_rest_is_long() {
	[[ ${LONG-} ]] || exit 0
}

# figure NAME VALUE — records a figure of this run for the table of tests/README.md (tests/figures).
figure() {
	"$TOP/tests/figures" --record "$1" "$2"
}

# sample_key — prints the public key that signs the cache of the sample guests (iso/make-cache).
sample_key() {
	cat "${XDG_CACHE_HOME:-$HOME/.cache}/guest-installer/signing-key.pub"
}

# build_sanitized PROGRAM SOURCE… — the program of these sources and objects, with our modules under sanitizers as
# `make asan` builds them. An option for the compiler is a source, too.
build_sanitized() {
	local asan=$TOP/build/asan flags libs
	read -ra flags <"$asan/cflags"
	read -ra libs <"$asan/libs"
	"${CC:-gcc}" -std=gnu11 -Wall -Wextra -Wmissing-prototypes -Werror -g -O1 -pthread \
		-fsanitize=address,undefined -fno-sanitize-recover=all -D_GNU_SOURCE= \
		-I "$TOP/installer" "${flags[@]}" -o "$1" "${@:2}" "$asan/libinstaller.a" "${libs[@]}"
}

# free_ports COUNT — prints that many unused TCP ports of the loopback.
free_ports() {
	python3 - "$1" <<-'END'
		import socket, sys
		sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
		for s in sockets: s.bind(("127.0.0.1", 0))
		print(*(s.getsockname()[1] for s in sockets))
	END
}

# await SECONDS COMMAND… — repeats COMMAND until it succeeds; returns 1 when the seconds have passed.
# The clock of a busy machine is slower, down to a fifth, for what is awaited is slower, too.
await() {
	local left=$(($1 * 1000)) now passed busy before=${EPOCHREALTIME/./} busy_before
	busy_before=$(busy_milliseconds)
	shift
	until "$@"; do
		((left > 0)) || return 1
		sleep 0.5
		now=${EPOCHREALTIME/./} busy=$(busy_milliseconds)
		passed=$(((now - before) / 1000))
		before=$now
		if ((busy - busy_before > passed * 4 / 5)); then
			left=$((left - passed / 5))
		else
			left=$((left - passed + busy - busy_before))
		fi
		busy_before=$busy
	done
}

# at_exit FUNCTION — call it when the test ends, the last one named first.
at_exit() {
	TAP_CLEANUPS=("$1" "${TAP_CLEANUPS[@]}")
}

tap_end() {
	local status=$? cleanup
	for cleanup in "${TAP_CLEANUPS[@]}"; do
		"$cleanup" || true
	done
	rm -rf "$SCRATCH"
	((status == 0)) || exit "$status"
	echo "1..$TAP_COUNT"
	((TAP_FAILED == 0)) || exit 1
}
trap tap_end EXIT
