# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# nginx.lib.sh — an nginx with TLS on loopback, with certificates of several kinds, and a closure
# to serve; sourced after tests/tap.lib.sh, never run.

NGINX=$SCRATCH/nginx
CERTS=$SCRATCH/certs
export NIX_CONFIG=$'build-users-group =\nexperimental-features = nix-command\nsubstituters ='
# Nothing here is asked for through a proxy.
export no_proxy='*'

# lacks [OPTION] PATTERN FILE… — none of them has it.
lacks() {
	if grep "$@"; then
		return 1
	fi
}

# make_authority NAME — a certificate authority: $CERTS/NAME.pem and its key.
make_authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
		-subj "/CN=$1" -keyout "$CERTS/$1.key" -out "$CERTS/$1.pem"
}

# make_certificate NAME AUTHORITY SUBJECT-NAME FROM TO — $CERTS/NAME.crt for one name, valid from
# one date to another (YYYYMMDDHHMMSSZ).
make_certificate() {
	local dir=$CERTS/ca-$1
	mkdir "$dir"
	: >"$dir/index.txt"
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$CERTS/$1.key" -out "$dir/csr"
	cat >"$dir/ca.conf" <<-END
		[ca]
		default_ca = own
		[own]
		database = $dir/index.txt
		new_certs_dir = $dir
		rand_serial = yes
		default_md = sha256
		policy = any
		x509_extensions = names
		[any]
		commonName = supplied
		[names]
		subjectAltName = $3
	END
	openssl ca -batch -notext -config "$dir/ca.conf" -cert "$CERTS/$2.pem" \
		-keyfile "$CERTS/$2.key" -startdate "$4" -enddate "$5" \
		-in "$dir/csr" -out "$CERTS/$1.crt"
}

make_certificates() {
	mkdir "$CERTS"
	make_authority ours
	make_authority foreign
	make_certificate good ours IP:127.0.0.1 20200101000000Z 20990101000000Z
	make_certificate foreign-good foreign IP:127.0.0.1 20200101000000Z 20990101000000Z
	make_certificate expired ours IP:127.0.0.1 20200101000000Z 20210101000000Z
	make_certificate other ours DNS:elsewhere.example 20200101000000Z 20990101000000Z
}

# tls_server PORT CERTIFICATE [PROTOCOL] — a server block that hands the cache out.
tls_server() {
	cat <<-END
		server {
			listen 127.0.0.1:$1 ssl ${3-};
			ssl_certificate $CERTS/$2.crt;
			ssl_certificate_key $CERTS/$2.key;
			include $NGINX/locations;
			location /plain/ { return 302 http://127.0.0.1:$HTTP/cache/; }
		}
	END
}

# start_nginx — serves what $NGINX/locations says: at $HTTP without TLS, at $HTTPS with a good
# certificate, at $HTTP2 also by HTTP/2, at $FOREIGN, $EXPIRED and $OTHER with others. $NGINX/access tells each request.
start_nginx() {
	cat >"$NGINX/conf" <<-END
		daemon on;
		user root;
		worker_processes 1;
		pid $NGINX/pid;
		error_log $NGINX/error;
		events { worker_connections 512; }
		http {
			log_format told '\$msec \$connection \$status \$bytes_sent "\$http_range" "\$http_if_range" "\$http_authorization" \$request';
			access_log $NGINX/access told;
			limit_req_zone \$server_port zone=late:1m rate=20r/s;
			client_body_temp_path $NGINX/body;
			proxy_temp_path $NGINX/proxy;
			fastcgi_temp_path $NGINX/fastcgi;
			uwsgi_temp_path $NGINX/uwsgi;
			scgi_temp_path $NGINX/scgi;
			root $SCRATCH;
			sendfile on;
			server { listen 127.0.0.1:$HTTP; include $NGINX/locations; }
			$(tls_server "$HTTPS" good)
			$(tls_server "$HTTP2" good http2)
			$(tls_server "$FOREIGN" foreign-good)
			$(tls_server "$EXPIRED" expired)
			$(tls_server "$OTHER" other)
		}
	END
	nginx -p "$NGINX" -c "$NGINX/conf" -e "$NGINX/error"
	wait_for "nginx has a pid" test -s "$NGINX/pid"
}

# nginx_pids — of the master and its worker.
nginx_pids() {
	local master
	master=$(cat "$NGINX/pid" 2>/dev/null) || return 0
	echo "$master"
	pgrep -P "$master" || true
}

stop_nginx() {
	local pids
	mapfile -t pids < <(nginx_pids)
	((${#pids[@]})) || return 0
	kill -KILL "${pids[@]}" 2>/dev/null || true
	rm -f "$NGINX/pid"
}

# wait_for WHAT COMMAND… — until COMMAND succeeds; a minute at most.
wait_for() {
	local what=$1 deadline=$((SECONDS + 60))
	shift
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS > deadline)); then
			echo "timed out: $what"
			return 1
		fi
		read -rt 0.05 <> <(:) || true
	done
}

build_client() {
	CLIENT=$SCRATCH/client
	build_sanitized "$CLIENT" "$TOP/tests/net/client.c"
}

# make_closure — $SCRATCH/cache, signed by $KEY, with $SYSTEM, which refers to 40 small paths and
# to the large one $LARGE.
make_closure() {
	local i text
	mkdir "$SCRATCH/tree"
	head -c 9000000 /dev/urandom >"$SCRATCH/tree/large"
	text="\${$SCRATCH/tree}"
	for ((i = 0; i < 40; i++)); do
		text+=" \${builtins.toFile \"small-$i\" \"$i\"}"
	done
	export NIX_REMOTE=$SCRATCH/origin
	SYSTEM=$(nix-instantiate --eval --read-write-mode --expr \
		"builtins.toFile \"system\" \"$text\"" | tr -d '"')
	LARGE=$(nix-store --query --references "$SYSTEM" | grep -- '-tree$')
	export LARGE
	nix-store --generate-binary-cache-key test-1 "$SCRATCH/secret" "$SCRATCH/public"
	KEY=$(cat "$SCRATCH/public")
	nix copy --to "file://$SCRATCH/cache?compression=zstd&secret-key=$SCRATCH/secret" "$SYSTEM"
	unset NIX_REMOTE
}

# narinfo_of CACHE STORE-PATH, nar_of CACHE STORE-PATH — their files.
narinfo_of() {
	printf '%s/%.32s.narinfo\n' "$1" "${2#/nix/store/}"
}

nar_of() {
	printf '%s/%s\n' "$1" "$(sed -n 's/^URL: //p' "$(narinfo_of "$1" "$2")")"
}

# write_config CACHES [LINE]… — $SCRATCH/run/conf.
write_config() {
	mkdir -p "$SCRATCH/run"
	{
		printf 'cache = %s\n' "$1"
		shift
		printf '%s\n' "trusted-keys = $KEY" "ca-file = $CERTS/ours.pem" "$@"
		[[ $* == *manifest* ]] || echo "system = $SYSTEM"
		[[ $* == *stall-timeout* ]] || echo "stall-timeout = 5"
	} >"$SCRATCH/run/conf"
}

# new_image — the file $IMAGE with an empty ext4.
new_image() {
	IMAGE=$SCRATCH/image
	rm -f "$IMAGE"
	truncate -s 64M "$IMAGE"
	mke2fs -q -F -t ext4 "$IMAGE"
	IMAGE_BLOCKS=$(stat -c %b "$IMAGE")
}

# image_grows — content has come since.
image_grows() {
	(($(stat -c %b "$IMAGE") > IMAGE_BLOCKS + 2048))
}

# image_is_whole — it holds what the closure's store holds, to debugfs.
image_is_whole() {
	local store=$SCRATCH/store
	e2fsck -fn "$IMAGE" >/dev/null
	mkdir "$store"
	debugfs -R "rdump /nix/store $store" "$IMAGE" 2>/dev/null
	diff -r --no-dereference -x .links "$SCRATCH/origin/nix/store" "$store/store"
	[[ $(find "$store/store" -mindepth 1 -maxdepth 1 | wc -l) == 42 ]]
	chmod -R u+w "$store"
	rm -rf "$store"
}

# forge_nar CACHE — another archive of the same length in place of the large one.
forge_nar() {
	local nar=$SCRATCH/forged.nar
	nix-store --store "$SCRATCH/origin" --dump "$SCRATCH/origin$LARGE" >"$nar"
	printf 'forged' | dd of="$nar" bs=1 seek=5000000 conv=notrunc status=none
	zstd -q -f "$nar" -o "$(nar_of "$1" "$LARGE")"
}

# client COMMAND [ARG]… — the client with the configuration that was written last; its log is in
# $SCRATCH/run/log.
client() {
	local command=$1
	shift
	LOG=$SCRATCH/run/log "$CLIENT" "$command" "$SCRATCH/run/conf" "$@"
}

# installs — the closure arrives, whole.
installs() {
	new_image
	client install "$SYSTEM" "$IMAGE"
	image_is_whole
}

# fails_with CODE PATTERN COMMAND [ARG]… — the client fails with this code and a sentence like this.
fails_with() {
	local code=$1 pattern=$2 refusal=$SCRATCH/refusal
	shift 2
	if client "$@" 2>"$refusal"; then
		echo "succeeded: $*"
		return 1
	fi
	cat "$refusal"
	cat "$SCRATCH/run/log" || true
	grep -Eq "^$code: .*$pattern" "$refusal"
}

# install_fails CODE PATTERN
install_fails() {
	new_image
	fails_with "$1" "$2" install "$SYSTEM" "$IMAGE"
}

# attempts PATTERN — how many requests nginx tells of that match.
attempts() {
	grep -cE -- "$1" "$NGINX/access" || true
}

# connections PATTERN — how many connections had a request like this.
connections() {
	grep -E -- "$1" "$NGINX/access" | cut -d ' ' -f 2 | sort -u | wc -l
}

begin_suite() {
	mkdir "$NGINX"
	: >"$NGINX/access"
	read -r HTTP HTTPS HTTP2 FOREIGN EXPIRED OTHER CUT NOBODY < <(free_ports 8)
	export HTTP HTTPS HTTP2 FOREIGN EXPIRED OTHER CUT NOBODY
	build_client
	at_exit tell_of_making
	make_certificates &>"$SCRATCH/make.log"
	make_closure &>>"$SCRATCH/make.log"
	rm "$SCRATCH/make.log"
	at_exit stop_nginx
}

tell_of_making() {
	[[ ! -f $SCRATCH/make.log ]] || cat "$SCRATCH/make.log"
}
