# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# qemu/verdict.sh — reads the installer's protocol, version 1, from the serial console's log

# Shows the installer's progress while the process PID lives: one line on a terminal, else line by line.
show_progress() {
	local log=$1 pid=$2 line shown=
	local LC_ALL=C
	while IFS= read -r line; do
		[[ $line =~ ^INSTALL_PROGRESS\ ([a-z-]+)\ ([0-9]{1,3})\ ?(.*) ]] || continue
		line="${BASH_REMATCH[2]}% ${BASH_REMATCH[1]}: ${BASH_REMATCH[3]//[^[:print:]]/}"
		[[ $line != "$shown" ]] || continue
		shown=$line
		if [[ -t 2 ]]; then
			printf '\r\033[K%.*s' "$((${COLUMNS:-80} - 1))" "$line" >&2
		else
			printf '%s\n' "$line" >&2
		fi
	done < <(tail --pid="$pid" -s 0.2 -n +1 -f -- "$log" 2>/dev/null)
	[[ ! -t 2 || ! $shown ]] || printf '\n' >&2
}

# Prints the verdict, the last line that is one; an incomplete last line counts for nothing.
read_verdict() {
	local line verdict=
	local LC_ALL=C
	while IFS= read -r line; do
		[[ ! $line =~ ^INSTALL_(SUCCESSFUL|FAILED)([^A-Za-z0-9_]|$) ]] || verdict=$line
	done < <(tr -d '\000\r' <"$1")
	printf '%s\n' "${verdict//[^[:print:]]/}"
}

# Returns if the log says success; else says why not and exits with the installer's code, or 81, or 85.
judge() {
	local log=$1 verdict code=0 stage='' reason=''
	verdict=$(read_verdict "$log")
	[[ $verdict != INSTALL_SUCCESSFUL* ]] || return 0
	if [[ $verdict =~ ^INSTALL_FAILED\ code=([1-9][0-9]?)\ stage=([a-z-]+)\ (.*) ]]; then
		code=${BASH_REMATCH[1]} stage=${BASH_REMATCH[2]} reason=${BASH_REMATCH[3]}
	fi
	# A full host looks like a broken disk from inside.
	if ((code == 0 || code >= 30)) && no_room; then
		die 85 "no room on the host: ${reason:-no verdict} (log: $log)"
	fi
	((code == 0 || code > 79)) || die "$code" "$stage: $reason (log: $log)"
	[[ ! $verdict ]] || die 81 "the verdict makes no sense: $verdict (log: $log)"
	say "the installer ended without a verdict; the end of $log:"
	tail -n 10 -- "$log" | tr -cd '[:print:]\n\t' >&2
	exit 81
}
