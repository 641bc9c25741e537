# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # variables shared with the test files
# receiver.lib.sh — servers that tests start: receivers of reports, and our own serve-cache; sourced
# after tests/tap.lib.sh, never run. All end with the test.

SERVERS=()
at_exit end_servers

end_servers() {
	local pid
	for pid in "${SERVERS[@]}"; do kill "$pid" 2>/dev/null || true; done
}

# start_server OUT COMMAND… — in the background; returns when it has said something.
start_server() {
	local out=$1
	shift
	: >"$out"
	setpriv --pdeathsig KILL "$@" >"$out" 2>"$out.messages" </dev/null &
	SERVERS+=("$!")
	SERVER=$!
	wait_until 60 test -s "$out" || { cat "$out.messages" && return 1; }
}

# start_receiver FOLDER [MODE] — leaves its port in `port`.
start_receiver() {
	mkdir -p "$1"
	: >"$1/body"
	start_server "$1/port" "$TOP/tests/net/receiver" "$@"
	port=$(cat "$1/port")
}

# wait_until SECONDS COMMAND… — repeats it until it succeeds.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		sleep 0.1
	done
}
