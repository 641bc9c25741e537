#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# faults.sh — proves that each fault of a server or a cache that cannot pass ends the fetch with its
# code and a sentence that names path, URL and reason, and one that could pass after its attempts
#
# Needs what `make asan` builds. Exercises closure, cache, fetch and curl_transfer.
# shellcheck source=tests/tap.lib.sh
. "$(dirname "$0")/../tap.lib.sh"
# shellcheck source=tests/net/nginx.lib.sh
. "$(dirname "$0")/nginx.lib.sh"

write_locations() {
	cat >"$NGINX/locations" <<-END
		location /slow/ { alias $SCRATCH/cache/; limit_rate 500k; }
		location /dead/ { return 503; }
		location /ill/ { if (\$uri ~ ^/ill/nar/) { return 503; } alias $SCRATCH/cache/; }
		location /forbidden/ { return 403; }
		location /locked/ { auth_basic x; auth_basic_user_file /dev/null; }
		location /ftp/ { return 302 ftp://127.0.0.1/cache; }
		location /file/ { return 301 file:///etc/passwd; }
		location /loop/ { return 307 /loop/again; }
		location /endless/ { return 302 http://127.0.0.1:$HTTP/endless/; }
	END
}

# refused CODE PATTERN CACHE [LINE]… — an install from it fails so.
refused() {
	local code=$1 pattern=$2
	shift 2
	write_config "$@"
	install_fails "$code" "$pattern"
}

# At once: a minute of retries is not waited for.
refused_at_once() {
	local begin=$SECONDS
	refused "$@"
	lacks 'again in' "$SCRATCH/run/log"
	((SECONDS - begin < 30))
}

# refused_after N … — after N attempts.
refused_after() {
	local count=$1
	shift
	refused "$@" "fetch-attempts = $count"
	[[ $(grep -c 'again in' "$SCRATCH/run/log") == "$((count - 1))" ]]
}

# spoilt NAME COMMAND… — a copy of the cache, $SCRATCH/NAME, after COMMAND was run on it.
spoilt() {
	local cache=$SCRATCH/$1
	shift
	cp -r "$SCRATCH/cache" "$cache"
	"$@" "$cache"
}

# change SED-SCRIPT CACHE — of the large path's narinfo.
change() {
	sed -i "$1" "$(narinfo_of "$2" "$LARGE")"
}

lose_nar() {
	rm "$(nar_of "$1" "$LARGE")"
}

lose_narinfo() {
	rm "$(narinfo_of "$1" "$LARGE")"
}

other_store() {
	sed -i 's,^StoreDir: .*,StoreDir: /gnu/store,' "$1/nix-cache-info"
}

# Without a content address, which would prove it as well.
unsign() {
	change '/^Sig: /d; /^CA: /d' "$1"
}

spoil_all() {
	spoilt lost lose_nar
	spoilt partial lose_narinfo
	spoilt forged forge_nar
	spoilt gnu other_store
	spoilt unsigned unsign
	spoilt brotli change 's/^Compression: .*/Compression: br/'
	spoilt resized change '/^CA: /d; s/^NarSize: .*/NarSize: 12345/'
}

silent_server_is_given_up() {
	local client_pid result=0 pids
	new_image
	write_config "http://127.0.0.1:$HTTP/slow" "stall-timeout = 1" "fetch-attempts = 2"
	client install "$SYSTEM" "$IMAGE" 2>"$SCRATCH/refusal" &
	client_pid=$!
	wait_for "content has come" image_grows
	mapfile -t pids < <(nginx_pids)
	kill -STOP "${pids[@]}"
	wait "$client_pid" || result=$?
	kill -CONT "${pids[@]}"
	cat "$SCRATCH/refusal"
	((result == 1))
	grep -E "^42: $LARGE: fetch http://127.0.0.1:$HTTP/slow/nar/.*: .*; given up after 2 attempts" \
		"$SCRATCH/refusal"
}

dates_are_told() {
	refused_at_once 42 "https://127.0.0.1:$EXPIRED/.*certificate has expired \(by this machine's clock it is $(date -u +%Y-%m-%d)" \
		"https://127.0.0.1:$EXPIRED/cache"
}

none_has_it() {
	refused "$@" "fetch-attempts = 2"
}

report_is_sent_again_until_its_time_is_over() {
	write_config /x
	fails_with 42 "fetch http://127.0.0.1:$HTTP/dead/: the server answers 503; given up after [2-9] attempts" \
		post "http://127.0.0.1:$HTTP/dead/" '{}' 4
	fails_with 42 "the server answers 40[45]" post "http://127.0.0.1:$HTTP/cache/nix-cache-info" '{}' 60
	fails_with 42 "the server redirects a POST" post "http://127.0.0.1:$HTTP/loop/" '{}' 60
}

main() {
	local http https
	begin_suite
	http=http://127.0.0.1:$HTTP https=https://127.0.0.1:$HTTPS
	write_locations
	start_nginx
	spoil_all
	run_case "a path that no cache has" refused_at_once 42 \
		"$LARGE, which $SYSTEM refers to, is not in $http/partial, $https/partial" \
		"$http/partial $https/partial"
	run_case "an archive that is not there" refused_at_once 42 \
		"$LARGE: fetch $http/lost/nar/.*: the server answers 404" "$http/lost"
	run_case "an archive that no cache gives" none_has_it 42 \
		"$LARGE: fetch $http/lost/nar/.*404; then fetch $http/partial/.*.narinfo: .*404; then fetch $https/ill/nar/.*503; given up after 2" \
		"$http/lost $http/partial $https/ill"
	run_case "a cache that is forbidden" refused_at_once 42 \
		"$http/forbidden is not a binary cache .*answers 403" "$http/forbidden"
	run_case "a cache that wants a password" refused_at_once 42 "401: it wants a user and a password" \
		"$http/locked"
	run_case "another archive" refused_at_once 41 \
		"$LARGE: the archive has the wrong hash: expected sha256:[0-9a-z]{52}, got" "$http/forged"
	run_case "a narinfo that was changed" refused_at_once 41 \
		"$http/resized/[0-9a-z]{32}.narinfo: $LARGE carries a wrong signature" "$http/resized"
	run_case "a path without signature" refused_at_once 41 \
		"$LARGE is not signed by a trusted key" "$http/unsigned"
	run_case "a cache for another store" refused_at_once 42 "$http/gnu: its store directory is /gnu/store" \
		"$http/gnu"
	run_case "an unknown compression" refused_at_once 42 \
		"$http/brotli/.*.narinfo: the compression br is not supported" "$http/brotli"
	run_case "a redirect to ftp" refused_at_once 42 \
		"$http/ftp/.*: it redirects to ftp://127.0.0.1/cache, but" "$http/ftp"
	run_case "a redirect to a file" refused_at_once 42 "$http/file/.* http and https only" "$http/file"
	run_case "a redirect from https to http" refused_at_once 42 \
		"$https/plain/.*: it redirects from https to $http/cache/, which is not encrypted" "$https/plain"
	run_case "redirects in a circle" refused_at_once 42 "there are more than 10 redirects" "$http/loop"
	run_case "redirects without an end" refused_at_once 42 "more than 10 redirects" "$http/endless"
	run_case "an expired certificate, with the clock's date" dates_are_told
	run_case "a certificate of a foreign authority" refused_at_once 42 \
		"https://127.0.0.1:$FOREIGN/.*certificate.*by this machine's clock" \
		"https://127.0.0.1:$FOREIGN/cache"
	run_case "a certificate for another name" refused_at_once 42 "https://127.0.0.1:$OTHER/.*127.0.0.1" \
		"https://127.0.0.1:$OTHER/cache"
	run_case "a server without TLS" refused_at_once 42 "https://127.0.0.1:$HTTP/" \
		"https://127.0.0.1:$HTTP/cache"
	run_case "no server at all, after its attempts" refused_after 3 42 \
		"http://127.0.0.1:$NOBODY/.*onnect.*; given up after 3 attempts" \
		"http://127.0.0.1:$NOBODY/cache"
	run_case "a server that stays busy, after its attempts" refused_after 3 42 \
		"$http/dead/.*: the server answers 503; given up after 3 attempts" "$http/dead"
	run_case "a server that falls silent, after its attempts" silent_server_is_given_up
	run_case "a report that nobody takes, when its time is over" \
		report_is_sent_again_until_its_time_is_over
}

main "$@"
