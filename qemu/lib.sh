# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the tools
# qemu/lib.sh — functions of demo and of the tests: messages, options, waiting

umask 022
tied=(setpriv --pdeathsig KILL) # the kernel kills a child started with this when its parent ends

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# Prints one sentence and exits with CODE (guest-installer-protocol(7) lists the codes).
die() {
	local code=$1
	shift
	say "$@"
	exit "$code"
}

misuse() {
	say "$@"
	usage >&2
	exit 2
}

need_commands() {
	local command
	for command; do
		command -v "$command" >/dev/null || die 80 "the command $command is not installed"
	done
}

# Splits `--name=value` or `--name value` into `option` and `value`; `width` is how far to shift.
next_option() {
	option=${1%%=*} value=${2-} width=$(($# < 2 ? $# : 2))
	[[ $1 != --*=* ]] || value=${1#*=} width=1
}

need_value() {
	[[ $value ]] || misuse "$option needs a value"
}

# QEMU's options are separated by commas; one inside a value is doubled.
qemu_quote() { printf '%s' "${1//,/,,}"; }

check_size() {
	[[ $2 =~ ^[1-9][0-9]*[KMGT]?$ ]] || misuse "$1 takes a size such as 512M or 4G, not '$2'"
}

# Checks the options that all tools have.
check_machine() {
	[[ $accel =~ ^(auto|kvm|tcg)$ ]] || misuse "--accel takes auto, kvm or tcg, not '$accel'"
	[[ $firmware =~ ^(bios|uefi)$ ]] || misuse "--firmware takes bios or uefi, not '$firmware'"
	check_size --memory "$memory"
	need_commands qemu-system-x86_64 setpriv
}

# Waits for the child PID; returns its status, or 124 after SECONDS.
wait_deadline() {
	local pid=$1 seconds=$2 timer
	"${tied[@]}" sleep "$seconds" &
	timer=$!
	wait -n "$pid" "$timer" || true
	if kill -0 "$pid" 2>/dev/null; then return 124; fi
	kill "$timer" 2>/dev/null || true
	wait "$pid" 2>/dev/null
}

# Ends the child PID: by SIGTERM, and ten seconds later by SIGKILL.
end_child() {
	kill "$1" 2>/dev/null || return 0
	wait_deadline "$1" 10 || true
	kill -KILL "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# Repeats COMMAND until it succeeds; returns 1 after SECONDS.
retry_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		"${tied[@]}" sleep 0.5
	done
}
