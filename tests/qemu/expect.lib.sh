# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the test files
# tests/qemu/expect.lib.sh — runs the functions of a test file; and its checks

# Every function of FILE with an underscore in its name is a test, run in a folder of its own.
run_tests() {
	local name
	while IFS= read -r name; do
		run_case "${name//_/ }" in_own_folder "$name"
	done < <(sed -n 's/^\([a-z0-9]*_[a-z0-9_]*\)() {$/\1/p' "$1")
}

in_own_folder() {
	work=$SCRATCH/$1
	output=$work/output
	mkdir -p "$work/here" "$work/tmp"
	export TMPDIR=$work/tmp
	cd "$work/here" || return
	ssh-keygen -q -t ed25519 -N '' -C tester -f key
	"$1"
}

run() {
	status=0
	"$@" >"$output" 2>&1 </dev/null || status=$?
}

# first_run TEXT [ENDING [OPTION]...] — an installation by the stand-in; later options win.
first_run() {
	make_standin standin.iso "$1" "${2-off}"
	run "$TOP/qemu/first-run" --disk guest.qcow2 --size 64M --iso standin.iso --key key.pub \
		--memory 128M --cores 1 --accel tcg --timeout 60 "${@:3}"
}

# start_first_run TEXT ENDING [RECORDS] — as first_run, in the background, with the records in that
# folder; returns when the log has the text.
start_first_run() {
	make_standin standin.iso "$1" "$2"
	"$TOP/qemu/first-run" --disk guest.qcow2 --size 64M --iso standin.iso --key key.pub \
		--memory 128M --cores 1 --accel tcg --timeout 60 --records "${3:-.}" >"$output" 2>&1 </dev/null &
	started=$!
	wait_for_text "${3:-.}/guest.qcow2.log" "$(printf '%b' "$1")"
}

# start_guest DISK [OPTION]... — leaves its process in `started`; returns when the guest has printed its text.
start_guest() {
	"$TOP/qemu/run-guest" "$1" --accel tcg --cores 1 --memory 64M "${@:2}" >"$1.out" 2>"$1.err" </dev/null &
	started=$!
	wait_for_text "$1.out" 'guest is up'
	wait_for_text "$1.out" 'ssh -p'
}

# start_daemon DISK [OPTION]... — as start_guest, in the background.
start_daemon() {
	run "$TOP/qemu/run-guest" "$1" --accel tcg --cores 1 --memory 64M --daemon --log "$1.log" "${@:2}"
	expect_status 0
	expect_output 'ssh -p '
	wait_for_text "$1.log" 'guest is up'
}

# expect_state STATUS TEXT — run-guest --status exits with STATUS and prints TEXT.
expect_state() {
	run "$TOP/qemu/run-guest" guest.raw --status
	expect_status "$1"
	expect_output "$2"
}

# options_of [OPTION]… — the arguments that QEMU would get, one a line, in the file `arguments`.
options_of() {
	mkdir -p bin
	# shellcheck disable=SC2016 # expanded by the stand-in
	printf '#!/bin/bash\nprintf "%%s\\n" "$@" >%q\nexit 1\n' "$PWD/arguments" >bin/qemu-system-x86_64
	chmod +x bin/qemu-system-x86_64
	[[ -e guest.raw ]] || { echo guest >guest.raw && truncate -s 1M guest.raw; }
	PATH=$PWD/bin:$PATH run "$TOP/qemu/run-guest" "$@"
}

ssh_port_of() {
	sed -n 's/^ssh -p \([0-9]*\) root@127.0.0.1$/\1/p' "$1.out"
}

wait_for_end() {
	status=0
	wait "$1" || status=$?
}

# wait_for_text FILE TEXT — waits for at most a minute.
wait_for_text() {
	local try
	for ((try = 0; try < 600; try++)); do
		! grep -qsF -- "$2" "$1" || return 0
		sleep 0.1
	done
	echo "no '$2' in $1" && return 1
}

expect_status() {
	[[ $status == "$1" ]] && return
	echo "status $status, not $1:" && cat "$output" && return 1
}

expect_output() {
	grep -qF -- "$1" "$output" && return
	echo "no '$1' in:" && cat "$output" && return 1
}

# The guest's files in this folder, hidden ones too, are exactly these.
expect_files() {
	local found
	found=$(find . -maxdepth 1 -name '*guest*' -printf '%f\n' | sort)
	[[ $found == "$(printf '%s\n' "$@" | sort)" ]] && return
	echo "files: $found" && return 1
}

# Waits for at most half a minute until no QEMU of this test runs.
expect_no_qemu() {
	local try
	for ((try = 0; try < 300; try++)); do
		pgrep -f "qemu-system.*$work" >/dev/null || return 0
		sleep 0.1
	done
	echo "QEMU still runs" && return 1
}
