#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# odd_caches.sh — proves that caches in the ways of other servers are taken and refused as Nix does
#
# odd-cache serves a closure in many ways. For each, the real `nix copy` says whether the closure can
# be had, and the shipping modules must agree; what arrives is compared with Nix's store. Needs what
# `make asan` builds. Exercises cache, narinfo, content_address, fallback, prefetch, fetch, range_resume and
# curl_transfer.
# shellcheck source=tests/tap.lib.sh
. "$(dirname "$0")/../tap.lib.sh"
# shellcheck source=tests/net/nginx.lib.sh
. "$(dirname "$0")/nginx.lib.sh"
# shellcheck source=tests/net/receiver.lib.sh
. "$(dirname "$0")/receiver.lib.sh"

# Nix keeps what it has read of a cache.
export XDG_CACHE_HOME=$SCRATCH/nix-cache

start_odd_cache() {
	start_server "$SCRATCH/odd-port" "$TOP/tests/net/odd-cache" "$SCRATCH/cache" "$SCRATCH/odd-log"
	read -r PORT <"$SCRATCH/odd-port"
	: >"$SCRATCH/odd-log"
}

# nix_copies WAY — whether the real Nix gets the closure.
nix_copies() {
	local store=$SCRATCH/copied result=0
	nix copy --option trusted-public-keys "$KEY" --from "http://127.0.0.1:$PORT/$1" \
		--to "$store" "$SYSTEM" || result=$?
	[[ ! -d $store ]] || chmod -R u+w "$store"
	rm -rf "$store"
	return "$result"
}

taken_as_by_nix() {
	nix_copies "$1"
	write_config "http://127.0.0.1:$PORT/$1"
	installs
}

# refused_as_by_nix WAY CODE PATTERN
refused_as_by_nix() {
	if nix_copies "$1"; then
		echo "Nix takes it"
		return 1
	fi
	refused "$@"
}

refused() {
	write_config "http://127.0.0.1:$PORT/$1"
	install_fails "$2" "$3"
}

# passed_over WAY PATTERN — a cache before a good one; Nix takes the closure from both, too.
passed_over() {
	local store=$SCRATCH/realised caches="http://127.0.0.1:$PORT/$1 http://127.0.0.1:$PORT/plain"
	nix-store --realise --store "$store" --option substituters "$caches" \
		--option trusted-public-keys "$KEY" "$SYSTEM"
	chmod -R u+w "$store"
	rm -rf "$store"
	write_config "$caches"
	installs
	grep -E "warning: .*$2" "$SCRATCH/run/log"
}

# Nix refuses the malformed line, we ignore it: the signature proves the rest.
taken_without_its_junk() {
	write_config "http://127.0.0.1:$PORT/$1"
	installs
	grep -E "warning: $LARGE has a content address that does not belong to it" "$SCRATCH/run/log"
}

# Nix 2.8 does not decode archives.
taken() {
	write_config "http://127.0.0.1:$PORT/$1"
	installs
}

# The rest of encoded content cannot be requested: the request starts again, and the decoded bytes that
# have arrived are skipped.
resumes_encoded_content() {
	: >"$SCRATCH/odd-log"
	taken gzip-broken-off
	grep -E 'gzip-broken-off/nar/.*again in' "$SCRATCH/run/log"
	lacks 'bytes=' "$SCRATCH/odd-log"
	lacks -v ' identity$' "$SCRATCH/odd-log"
}

# "identity" is no encoding: the rest can be requested.
resumes_plain_content() {
	: >"$SCRATCH/odd-log"
	taken identity-broken-off
	grep -E '^identity-broken-off nar/.* bytes=[1-9][0-9]*- ' "$SCRATCH/odd-log"
}

long_error_page_is_not_read() {
	: >"$SCRATCH/odd-log"
	refused endless-error 42 "is not a binary cache .* the server answers 404"
	grep '^endless-error ' "$SCRATCH/odd-log"
	lacks 'was read$' "$SCRATCH/odd-log"
}

slow_cache_is_given_up_for_the_next() {
	local begin=$SECONDS
	write_config "http://127.0.0.1:$PORT/byte-per-connection http://127.0.0.1:$PORT/plain" \
		"fetch-attempts = 3"
	installs
	grep -E "$LARGE comes from http://127.0.0.1:$PORT/plain/nar/.*given up after 3 attempts" \
		"$SCRATCH/run/log"
	((SECONDS - begin < 40))
}

main() {
	local way
	begin_suite
	start_odd_cache
	for way in gzip br; do
		run_case "narinfos with the Content-Encoding $way" taken_as_by_nix "$way"
	done
	for way in gzip-all zstd-all br-all; do
		run_case "archives with the Content-Encoding ${way%-all}" taken "$way"
	done
	run_case "an unknown Content-Encoding is named" refused unknown-encoding 42 "content encoding"
	run_case "an encoded archive that breaks off is continued" resumes_encoded_content
	run_case "the rest of content with the Content-Encoding identity is requested" \
		resumes_plain_content
	run_case "an answer without a length that breaks off behind its last byte" taken no-length
	run_case "an error page without end is not read" long_error_page_is_not_read
	for way in crlf no-blank trailing-blank no-store-dir no-colon; do
		run_case "a nix-cache-info with $way" taken_as_by_nix "$way"
	done
	run_case "a cache for another store directory" refused_as_by_nix other-store 42 \
		"its store directory is /nix/store/, not /nix/store"
	for way in absolute-url percent query wrong-file-size twenty-signatures bad-signature-first repeated \
		unknown-lines no-compression wrong-compression unpadded; do
		run_case "narinfos with $way" taken_as_by_nix "$way"
	done
	run_case "a redirect of several choices" taken_as_by_nix choices
	run_case "a redirect that leads nowhere" refused_as_by_nix nowhere 42 "the server answers 302$"
	run_case "a cache that wants a password is passed over for the next" passed_over locked \
		"another cache is asked: .* answers 401: it wants a user and a password"
	run_case "one that has no nix-cache-info" passed_over no-info "a cache is left out: .* answers 404"
	run_case "one for another store directory" passed_over other-store \
		"a cache is left out: .* not /nix/store"
	run_case "narinfos that lead to files" refused_as_by_nix file-url 42 "the field URL is wrong"
	run_case "content-addressed paths without a signature" taken_as_by_nix unsigned
	run_case "paths with neither signature nor address" refused_as_by_nix unsigned-no-ca 41 \
		"is not signed by a trusted key"
	run_case "unsigned paths with a malformed address" refused_as_by_nix unsigned-junk-ca 41 \
		"is not signed by a trusted key"
	run_case "unsigned paths with the address of another" refused_as_by_nix unsigned-other-ca 41 \
		"is not signed by a trusted key"
	run_case "signed paths with malformed lines" taken_without_its_junk junk-lines
	run_case "a server that sends one byte per connection is left for the next" \
		slow_cache_is_given_up_for_the_next
}

main "$@"
