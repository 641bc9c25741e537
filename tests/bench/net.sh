#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# net.sh — measures an install over the network against nix copy and curl, from an nginx on loopback

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=bench.lib.sh
. "$(dirname "$(readlink -f "$0")")/bench.lib.sh"

rounds=${BENCH_ROUNDS:-3}
image_bytes=$((4 << 30))
round_trip_ms=70

usage() {
	cat <<END
usage: net.sh [--far]

As root. Each of $rounds rounds (BENCH_ROUNDS) takes the closure of tests/bench/closure from an nginx
of its own in each of these ways, one after the other:

  http, https    the shipping walk, copy stage and database, onto a fresh ext4 in an image file
  file           the same from the cache's folder
  nix-copy       nix copy over http, signatures checked, onto a fresh ext4
  curl, curl-tls every archive with one curl, to /dev/null, over http and https

With --far a closure of 3,000 paths and 1.5 GiB comes over TLS, by HTTP/1.1 and by HTTP/2:

  https, h2      as above
  https-far, h2-far, nix-copy-far
                 through a relay that adds $round_trip_ms ms to each round trip (tests/bench/delay-relay);
                 nix copy by HTTP/2

Prints medians of wall and CPU seconds (nginx and relay not among them) and ratios to the first way.
END
}

start_nginx() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench \
		-addext subjectAltName=IP:127.0.0.1 -keyout "$work/key" -out "$work/ca.pem" 2>/dev/null
	read -r http https h2 < <(python3 -c 'import socket
s = [socket.socket() for _ in range(3)]
for one in s: one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in s))')
	cat >"$work/nginx.conf" <<-END
		user root;
		worker_processes 1;
		pid $work/nginx.pid;
		events { worker_connections 512; }
		http {
			access_log off;
			sendfile on;
			keepalive_requests 100000;
			root $closure;
			server { listen 127.0.0.1:$http; }
			server {
				listen 127.0.0.1:$https ssl;
				ssl_certificate $work/ca.pem;
				ssl_certificate_key $work/key;
			}
			server {
				listen 127.0.0.1:$h2 ssl http2;
				ssl_certificate $work/ca.pem;
				ssl_certificate_key $work/key;
			}
		}
	END
	nginx -p "$work" -c "$work/nginx.conf" -e "$work/nginx.error"
}

start_relay() {
	"$bench_dir/delay-relay" "$round_trip_ms" "$https" "$h2" >"$work/relay" &
	relay=$!
	until [[ -s $work/relay ]]; do read -rt 0.1 <> <(:) || true; done
	read -r https_far h2_far <"$work/relay"
}

install_from() {
	"$driver" copy "$1" "$(cat "$closure/key")" "$system" "$work/image" "$target" "${@:2}"
}

way_http() {
	install_from "http://127.0.0.1:$http/cache"
}

way_https() {
	install_from "https://127.0.0.1:$https/cache" "$work/ca.pem"
}

way_h2() {
	install_from "https://127.0.0.1:$h2/cache" "$work/ca.pem"
}

way_https-far() {
	install_from "https://127.0.0.1:$https_far/cache" "$work/ca.pem"
}

way_h2-far() {
	install_from "https://127.0.0.1:$h2_far/cache" "$work/ca.pem"
}

way_file() {
	install_from "file://$closure/cache"
}

nix_copy_from() {
	HOME=$work/home NIX_SSL_CERT_FILE=$work/ca.pem nix copy \
		--option trusted-public-keys "$(cat "$closure/key")" \
		--from "$1" --to "$target" "$system" && sync -f "$target"
	rm -rf "${work:?}/home"
}

way_nix-copy() {
	nix_copy_from "http://127.0.0.1:$http/cache"
}

way_nix-copy-far() {
	nix_copy_from "https://127.0.0.1:$h2_far/cache"
}

fetch_all() {
	sed "s,^,url = $1/cache/,; s,\$,\noutput = /dev/null," "$work/names" >"$work/urls"
	curl -sSf --cacert "$work/ca.pem" --noproxy '*' -K "$work/urls"
}

way_curl() {
	fetch_all "http://127.0.0.1:$http"
}

way_curl-tls() {
	fetch_all "https://127.0.0.1:$https"
}

new_target() {
	rm -f "$work/image"
	truncate -s "$image_bytes" "$work/image"
	if [[ $1 == nix-copy* ]]; then
		mke2fs -q -t ext4 "$work/image"
		mount -o loop "$work/image" "$target"
	else
		"$driver" format "$work/image"
	fi
	sync
}

# measure WAY — a line "WAY wall cpu".
measure() {
	local way=$1 times TIMEFORMAT='%R %U %S'
	new_target "$way"
	times=$({ time "way_$way" 1>&3 2>&4; } 3>"$work/said" 4>"$work/log" 2>&1) ||
		die "$way failed: $(tail -n 3 "$work/log")"
	awk -v way="$way" '{ print way, $1, $2 + $3 }' <<<"$times" >>"$work/results"
	grep -E 'peak-kib|closure' "$work/said" | sed "s/^/$way /" >&2 || true
	! mountpoint -q "$target" || umount "$target"
}

# column WAY N — the median of a column.
median() {
	awk -v way="$1" -v n="$2" '$1 == way { print $n }' "$work/results" | sort -n |
		awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# end_servers — called when the benchmark ends.
end_servers() {
	[[ ! -f $work/nginx.pid ]] || kill "$(cat "$work/nginx.pid")"
	[[ ! ${relay-} ]] || kill "$relay" || true
}

main() {
	local round way ways=(curl http https file nix-copy curl-tls) size=()
	case ${1:-} in
	--help) usage && exit 0 ;;
	--far) ways=(https h2 https-far h2-far nix-copy-far) size=(3000 1536 30000) ;;
	?*) usage >&2 && exit 2 ;;
	esac
	((UID == 0)) || die "only root can mount"
	closure=$("$bench_dir/closure" "${size[@]}")
	system=$(cat "$closure/system")
	driver=${BENCH_DRIVER:-$(build_driver)}
	make_place
	start_nginx
	start_relay
	sed -n 's/^URL: //p' "$closure"/cache/*.narinfo >"$work/names"
	for ((round = 0; round < rounds; round++)); do
		for way in "${ways[@]}"; do
			measure "$way"
		done
	done
	printf '%-12s %8s %8s %8s\n' way wall cpu "wall/${ways[0]}"
	for way in "${ways[@]}"; do
		printf '%-12s %8.2f %8.2f %8.2f\n' "$way" "$(median "$way" 2)" "$(median "$way" 3)" \
			"$(awk "BEGIN { print $(median "$way" 2) / $(median "${ways[0]}" 2) }")"
	done
}

main "$@"
