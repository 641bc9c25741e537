#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# client.sh — proves that a closure arrives whole over http and https from an nginx that is cut off,
# killed, busy or slow, and that passwords go only where they belong
#
# The shipping modules fetch; the real Nix makes and judges the stores. Exercises closure_walk, fallback,
# copy, prefetch, worker, archive_source, fetch, download, range_resume and curl_transfer. Needs what `make asan`
# builds.
# shellcheck source=tests/tap.lib.sh
. "$(dirname "$0")/../tap.lib.sh"
# shellcheck source=tests/net/nginx.lib.sh
. "$(dirname "$0")/nginx.lib.sh"

PASSWORD=correct-horse

write_locations() {
	printf 'user:%s\n' "$(openssl passwd -apr1 "$PASSWORD")" >"$NGINX/users"
	cat >"$NGINX/locations" <<-END
		location /sealed/ { alias $SCRATCH/partial/; error_page 404 @sealed; }
		location @sealed { return 403; }
		location /slow/ { alias $SCRATCH/cache/; limit_rate 2m; }
		location /busy/ { if (!-f $SCRATCH/run/fine) { return 503; } alias $SCRATCH/cache/; }
		location /throttled/ {
			add_header Retry-After 2 always;
			if (!-f $SCRATCH/run/fine) { return 429; }
			alias $SCRATCH/cache/;
		}
		location /ill/ { if (\$uri ~ narinfo\$) { return 503; } alias $SCRATCH/cache/; }
		location /emptied/ { if (\$uri ~ ^/emptied/nar/) { return 503; } alias $SCRATCH/cache/; }
		location /late/ { limit_req zone=late burst=100; alias $SCRATCH/cache/; }
		location /late/nar/ { alias $SCRATCH/cache/nar/; }
		location /norange/ { max_ranges 0; limit_rate 2m; alias $SCRATCH/cache/; }
		location /upgraded/ { rewrite ^/upgraded/(.*) https://127.0.0.1:$HTTPS/cache/\$1 redirect; }
		location /away/ {
			auth_basic x;
			auth_basic_user_file $NGINX/users;
			rewrite ^/away/(.*) http://localhost:$HTTP/cache/\$1 redirect;
		}
		location /locked/ { auth_basic x; auth_basic_user_file $NGINX/users; alias $SCRATCH/cache/; }
	END
}

from() {
	write_config "$@"
	installs
}

from_second_what_the_first_lacks() {
	cp -r "$SCRATCH/cache" "$SCRATCH/partial"
	rm "$(narinfo_of "$SCRATCH/partial" "$LARGE")" "$(nar_of "$SCRATCH/cache" "$LARGE" |
		sed "s,^$SCRATCH/cache,$SCRATCH/partial,")"
	from "http://127.0.0.1:$HTTP/partial file://$SCRATCH/cache"
	# Object stores say so where no client may list what they have.
	from "http://127.0.0.1:$HTTP/sealed file://$SCRATCH/cache"
	lacks 'left out' "$SCRATCH/run/log"
}

from_next_when_one_is_down() {
	from "$1 http://127.0.0.1:$HTTP/cache" "fetch-attempts = 2"
	grep "warning: a cache is left out$2: .* given up after 2 attempts" "$SCRATCH/run/log"
	(($(grep -c 'left out' "$SCRATCH/run/log") == 1))
}

# The large archive and the first small one wait for their attempts, and no other.
archives_from_the_next() {
	: >"$NGINX/access"
	from "http://127.0.0.1:$HTTP/emptied http://127.0.0.1:$HTTP/cache" "fetch-attempts = 2"
	grep -E "^\[.*\] $LARGE comes from http://127.0.0.1:$HTTP/cache/nar/.*: fetch http://127.0.0.1:$HTTP/emptied/nar/.* answers 503; given up after 2 attempts" \
		"$SCRATCH/run/log"
	(($(attempts 'GET /emptied/nar') <= 4))
	(($(attempts 'GET /cache/nar') == 42))
}

# The rest of the large archive is another file's, which is compressed in another way.
dies_in_the_middle() {
	local client_pid result=0
	NIX_REMOTE=$SCRATCH/origin nix copy \
		--to "file://$SCRATCH/second?compression=xz&secret-key=$SCRATCH/secret" "$SYSTEM"
	new_image
	write_config "http://127.0.0.1:$HTTP/slow file://$SCRATCH/second" "fetch-attempts = 2"
	client install "$SYSTEM" "$IMAGE" &
	client_pid=$!
	wait_for "content has come" image_grows
	stop_nginx
	wait "$client_pid" || result=$?
	start_nginx
	cat "$SCRATCH/run/log"
	((result == 0))
	image_is_whole
	grep -E "$LARGE comes from file://$SCRATCH/second/nar/.*: fetch http.*/slow/nar/.* given up after 2 attempts" \
		"$SCRATCH/run/log"
}

# Most of it is on the disk when it is seen.
damaged_from_the_next() {
	cp -r "$SCRATCH/cache" "$SCRATCH/forged"
	forge_nar "$SCRATCH/forged"
	from "http://127.0.0.1:$HTTP/forged http://127.0.0.1:$HTTP/cache"
	grep -E "warning: $LARGE: the archive has the wrong hash: .*; the copy begins anew, with the one of http://127.0.0.1:$HTTP/cache" \
		"$SCRATCH/run/log"
}

# Each narinfo waits for its turn at the server: a client that asked for one after the other would need one
# connection. A delay of connections would not do: where a processor is busy, an answer may have arrived before
# the client is there to send the next request, which then takes the same connection.
many_requests_are_on_their_way() {
	local narinfos all requests
	: >"$NGINX/access"
	from "http://127.0.0.1:$HTTP/late"
	narinfos=$(connections narinfo)
	all=$(connections .)
	requests=$(wc -l <"$NGINX/access")
	echo "$requests requests, $all connections, $narinfos of them for narinfos"
	((narinfos > 8))
	# The connections are kept: far fewer than requests.
	((all < requests))
}

# cut_connections OPTIONS — a relay at $CUT that breaks every connection off after 2 MB.
cut_connections() {
	socat "TCP-LISTEN:$CUT,bind=127.0.0.1,fork,reuseaddr$1" \
		"SYSTEM:socat - TCP\:127.0.0.1\:$HTTP | dd bs=16k iflag=count_bytes count=2000000 status=none" \
		2>/dev/null &
	RELAY=$!
	wait_for "the relay listens" socat -u OPEN:/dev/null "TCP:127.0.0.1:$CUT"
}

broken_off_answers_are_spliced() {
	: >"$NGINX/access"
	cut_connections "$1"
	trap 'kill "$RELAY"' EXIT
	from "http://127.0.0.1:$CUT/cache"
	grep 'again in' "$SCRATCH/run/log"
	# With nginx's ETag, so that only the same file is spliced.
	(($(attempts ' 206 [0-9]+ "bytes=[1-9][0-9]*-" "\\x22[0-9a-f-]+\\x22" .*GET /cache/nar') >= 3))
}

# killed_and_back LOCATION STATUS — the server ends in the middle of the large archive, and the new
# one answers the request for the rest with this status.
killed_and_back() {
	local client_pid result=0
	: >"$NGINX/access"
	new_image
	write_config "http://127.0.0.1:$HTTP/$1"
	client install "$SYSTEM" "$IMAGE" &
	client_pid=$!
	wait_for "content has come" image_grows
	stop_nginx
	start_nginx
	wait "$client_pid" || result=$?
	grep 'again in' "$SCRATCH/run/log"
	((result == 0))
	image_is_whole
	grep -E " $2 [0-9]+ \"bytes=[1-9][0-9]*-\" .*GET /$1/nar" "$NGINX/access"
}

# becomes_fine LOCATION STATUS — it answers STATUS, three times at least, and then all is well.
becomes_fine() {
	local client_pid
	rm -f "$SCRATCH/run/fine"
	: >"$NGINX/access"
	write_config "http://127.0.0.1:$HTTP/$1"
	installs &
	client_pid=$!
	wait_for "it was asked" grep -q " $2 .*nix-cache-info" "$NGINX/access"
	wait_for "it was asked again" eval \
		"((\$(grep -c ' $2 .*nix-cache-info' '$NGINX/access') >= 2))"
	touch "$SCRATCH/run/fine"
	wait "$client_pid"
}

throttled_is_waited_for() {
	becomes_fine throttled 429
	awk '/ 429 /{ if (before && $1 - before < 2) exit 1; before = $1 }' "$NGINX/access"
}

with_netrc() {
	local result=0
	printf 'machine 127.0.0.1 login user password %s\n' "$PASSWORD" >"$SCRATCH/run/netrc"
	"$@" &>"$SCRATCH/said" &
	wait $! || result=$?
	rm "$SCRATCH/run/netrc"
	cat "$SCRATCH/said"
	lacks "$PASSWORD" "$SCRATCH/said" "$SCRATCH/run/log"
	return "$result"
}

password_stays_with_its_host() {
	: >"$NGINX/access"
	with_netrc from "http://127.0.0.1:$HTTP/away"
	grep -q '"Basic .*/away/' "$NGINX/access"
	grep ' /cache/' "$NGINX/access" >"$SCRATCH/elsewhere"
	lacks Basic "$SCRATCH/elsewhere"
}

password_of_a_url_is_not_told() {
	from "http://user:$PASSWORD@127.0.0.1:$HTTP/locked"
	lacks "$PASSWORD" "$SCRATCH/run/log"
	write_config "http://user:$PASSWORD@127.0.0.1:$HTTP/nowhere" "fetch-attempts = 1"
	install_fails 42 "http://127.0.0.1:$HTTP/nowhere is not a binary cache .* the server answers 404"
	lacks "$PASSWORD" "$SCRATCH/refusal"
}

manifest_is_pinned() {
	mkdir -p "$SCRATCH/manifests"
	cat >"$SCRATCH/manifests/guest.json" <<-END
		{"version": 1, "system": "$SYSTEM", "layout": "bios",
		 "mounts": [{"path": "/", "fstype": "ext4", "label": "nixos"}],
		 "bootLoader": {"name": "grub", "device": "/dev/vda"}, "firmware": ["bios"],
		 "narBytes": 1, "files": 1, "ssh": {"enabled": true, "keyFiles": []}}
	END
	local url=https://127.0.0.1:$HTTPS/manifests/guest.json sum
	sum=$(sha256sum "$SCRATCH/manifests/guest.json" | cut -d ' ' -f 1)
	write_config /x "manifest = $url" "manifest-sha256 = $sum"
	fails_with 2 "$url: " manifest || client manifest | grep -Fx "$SYSTEM"
	write_config /x "manifest = $url" "manifest-sha256 = ${sum//[0-9]/a}"
	fails_with 41 "$url: its SHA-256 is $sum, which is not what manifest-sha256 says" manifest
	write_config /x "manifest = $url"
	fails_with 2 "manifest-sha256 is not set" manifest
}

main() {
	begin_suite
	write_locations
	start_nginx
	run_case "a closure arrives over http" from "http://127.0.0.1:$HTTP/cache"
	run_case "a closure arrives over https" from "https://127.0.0.1:$HTTPS/cache/"
	run_case "what one cache lacks comes from the next" from_second_what_the_first_lacks
	run_case "a cache that nobody serves is left out" from_next_when_one_is_down \
		"http://127.0.0.1:$NOBODY/cache" ""
	run_case "a cache that falls ill is left out" from_next_when_one_is_down \
		"http://127.0.0.1:$HTTP/ill" " from now on"
	run_case "archives that one cache does not give come from the next" archives_from_the_next
	run_case "what one that dies has begun, the next one ends" dies_in_the_middle
	run_case "an archive that one gives damaged comes from the next" damaged_from_the_next
	run_case "many requests are on their way at a time" many_requests_are_on_their_way
	run_case "answers that break off are spliced" broken_off_answers_are_spliced ""
	run_case "answers that end in a reset are spliced" broken_off_answers_are_spliced ,linger=0
	run_case "a server that is killed and comes back is waited for" killed_and_back slow 206
	run_case "one that knows no ranges is listened to from the break on" killed_and_back norange 200
	run_case "a busy server is asked again" becomes_fine busy 503
	run_case "a server is given the time it asks for" throttled_is_waited_for
	run_case "redirects lead from http to https" from "http://127.0.0.1:$HTTP/upgraded"
	run_case "a file netrc gives the password" with_netrc from "https://127.0.0.1:$HTTPS/locked"
	run_case "a redirect takes no password to another host" password_stays_with_its_host
	run_case "a password in a URL is used and not told" password_of_a_url_is_not_told
	run_case "a manifest is what its hash says" manifest_is_pinned
}

main "$@"
