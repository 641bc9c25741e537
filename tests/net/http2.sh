#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# http2.sh — proves that a closure arrives over HTTP/2 with few connections, over HTTP/1.1 with several,
# and that answers which an HTTP/2 server breaks off are resumed or given up
#
# The shipping modules fetch, from nginx and from a server that breaks its answers off; the servers' logs
# and the real Nix judge. Needs what `make asan` builds. Exercises prefetch, fetch and curl_transfer.
# shellcheck source=tests/tap.lib.sh
. "$(dirname "$0")/../tap.lib.sh"
# shellcheck source=tests/net/nginx.lib.sh
. "$(dirname "$0")/nginx.lib.sh"
# shellcheck source=tests/net/receiver.lib.sh
. "$(dirname "$0")/receiver.lib.sh"

from() {
	: >"$NGINX/access"
	: >"$SCRATCH/http2-log"
	write_config "$@"
	installs
}

# One connection has the narinfos, one the small archives. The large one has its own.
requests_share_a_connection() {
	from "https://127.0.0.1:$HTTP2/cache"
	(($(connections '\.narinfo HTTP/2') == 1))
	(($(attempts '\.narinfo HTTP/2') == 42))
	(($(connections 'GET /cache/nar/.* HTTP/2') == 1))
	(($(attempts 'GET /cache/nar/.* HTTP/2') == 41))
	(($(attempts 'GET /cache/nar/.* HTTP/1.1') == 1))
}

# nginx ends a connection with GOAWAY after so many requests.
connections_that_end_are_replaced() {
	stop_nginx
	echo "keepalive_requests 10;" >"$NGINX/locations"
	start_nginx
	from "https://127.0.0.1:$HTTP2/cache"
	(($(connections '\.narinfo HTTP/2') >= 4))
}

# Every connection waits, as over a long line.
several_connections_without_http2() {
	start_server "$SCRATCH/relay" "$TOP/tests/bench/delay-relay" 300 "$HTTPS"
	from "https://127.0.0.1:$(cat "$SCRATCH/relay")/cache"
	kill "$SERVER"
	(($(connections '\.narinfo HTTP/1.1') > 8))
	(($(connections 'GET /cache/nar/.* HTTP/1.1') > 8))
	(($(attempts 'HTTP/2') == 0))
}

# The archives of this cache fit into no buffer that is made for their FileSize.
longer_than_its_narinfo_says() {
	cp -r "$SCRATCH/cache" "$SCRATCH/longer"
	sed -i 's/^FileSize: .*/FileSize: 40/' "$SCRATCH"/longer/*.narinfo
	from "https://127.0.0.1:$HTTP2/longer"
}

# The large archive comes from nginx: it would come over HTTP/1.1, which the other server does not speak.
start_http2_server() {
	local narinfo
	cp -r "$SCRATCH/cache" "$SCRATCH/broken"
	narinfo=$(narinfo_of "$SCRATCH/broken" "$LARGE")
	sed -i "s,^URL: ,URL: https://127.0.0.1:$HTTPS/cache/," "$narinfo"
	start_server "$SCRATCH/http2-port" "$TOP/tests/net/http2-server" "$SCRATCH/broken" \
		"$SCRATCH/http2-log" "$CERTS/good.crt" "$CERTS/good.key"
	BROKEN=https://127.0.0.1:$(cat "$SCRATCH/http2-port")
}

# resumed WAY [RANGES] — each small archive is asked for again, mostly from the byte where it ended.
resumed() {
	from "$BROKEN/$1" "stall-timeout = 1"
	grep -E "fetch $BROKEN/$1/nar/.*again in" "$SCRATCH/run/log"
	(($(grep -c " $1 nar/" "$SCRATCH/http2-log") >= 82))
	(($(grep -cE " $1 nar/.* bytes=[1-9][0-9]*-" "$SCRATCH/http2-log") >= ${2-41}))
}

# given_up WAY — after its attempts; the copy ends with the sentence of that archive or of the next one,
# whichever worker is first.
given_up() {
	: >"$SCRATCH/http2-log"
	write_config "$BROKEN/$1" "stall-timeout = 1" "fetch-attempts = 2"
	install_fails 42 "(fetch $BROKEN/$1/nar/.*; given up after 2 attempts|$BROKEN/$1 does not answer)"
}

main() {
	begin_suite
	: >"$NGINX/locations"
	start_nginx
	start_http2_server
	run_case "over HTTP/2 the requests share a connection" requests_share_a_connection
	run_case "a server without HTTP/2 gets several connections" several_connections_without_http2
	run_case "archives that are longer than their narinfos say arrive" longer_than_its_narinfo_says
	run_case "connections that the server ends by GOAWAY are replaced" connections_that_end_are_replaced
	run_case "answers that end by RST_STREAM are resumed" resumed reset
	run_case "answers that stall are resumed, while others go on" resumed stalled
	run_case "answers that end by GOAWAY are resumed" resumed goaway 1
	run_case "answers that end in a frame that is not allowed are resumed" resumed garbage 1
	run_case "answers whose connection ends are resumed" resumed closed 1
	run_case "answers that always end by RST_STREAM are given up" given_up reset-always
	run_case "answers that always stall are given up" given_up stalled-always
	run_case "connections that always end by GOAWAY are given up" given_up goaway-always
}

main "$@"
