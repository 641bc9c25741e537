#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# store.sh — proves that a store filled from a binary cache is what Nix itself would have made
#
# Judged by the real Nix, in scratch stores: nix-store --dump, --verify --check-contents and
# --dump-db, and what `nix copy` leaves from the same cache. Needs what `make asan` builds.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

STORE=$SCRATCH/store
TREE=$SCRATCH/tree
export NIX_CONFIG=$'build-users-group =\nexperimental-features = nix-command\nsubstituters ='

build_store() {
	local asan=$TOP/build/asan flags libs
	read -ra flags <"$asan/cflags"
	read -ra libs <"$asan/libs"
	"${CC:-gcc}" -std=gnu11 -Wall -Wextra -Wmissing-prototypes -Werror -g -O1 -pthread \
		-fsanitize=address,undefined -fno-sanitize-recover=all -D_GNU_SOURCE= \
		-I "$TOP/installer" "${flags[@]}" -o "$STORE" "$TOP/tests/loop/store.c" \
		"$asan/libinstaller.a" "${libs[@]}"
}

# Everything that a store may hold: long and odd names, empty and large files, links to anywhere.
make_tree() {
	local i
	mkdir -p "$TREE"/{empty,bin,deep/a/b/c/d/e/f/g/h}
	printf '#!/bin/sh\n' >"$TREE/bin/run"
	chmod 755 "$TREE/bin/run"
	: >"$TREE/void"
	for i in 1 7 8 9 4096 65535 65536 65537; do
		head -c "$i" /dev/urandom >"$TREE/size-$i"
	done
	head -c 9000000 /dev/urandom >"$TREE/deep/a/b/c/large"
	printf x >"$TREE/$(printf 'n%.0s' {1..255})"
	printf x >"$TREE/ünï cödé"
	printf x >"$TREE/a\\b'c\"d"$'\n'"e"
	ln -s bin/run "$TREE/relative"
	ln -s /nonexistent/absolute "$TREE/dangling"
	ln -s "$(printf 't%.0s' {1..4095})" "$TREE/long"
}

# A closure of three paths in a store of its own, and a signed cache of it in each compression.
make_caches() {
	local compression
	export NIX_REMOTE=$SCRATCH/origin
	SYSTEM=$(nix-instantiate --eval --read-write-mode --expr \
		"builtins.toFile \"system\" \"\${$TREE} \${builtins.toFile \"dep\" \"\${$TREE/bin}\"}\"" | tr -d '"')
	nix key generate-secret --key-name test-1 >"$SCRATCH/secret"
	KEY=$(nix key convert-secret-to-public <"$SCRATCH/secret")
	OTHER_KEY=$(nix key generate-secret --key-name other-1 | nix key convert-secret-to-public)
	nix store sign -r -k "$SCRATCH/secret" "$SYSTEM"
	for compression in none xz zstd; do
		nix copy --to "file://$SCRATCH/cache-$compression?compression=$compression" "$SYSTEM"
	done
	unset NIX_REMOTE
	[[ $(find "$SCRATCH/cache-zstd" -name '*.narinfo' | wc -l) == 4 ]]
}

make_target() {
	mkdir -p "$1"/nix/{store,var/nix/db}
}

# Type, mode, owner, group, mtime, size of files, link target and name of all below a store.
attributes() {
	(cd "$1/nix/store" && find . -mindepth 1 ! -path './.links*' \
		\( -type f -printf '%s ' -o -true \) -printf '%y %m %U %G %T@ %l %P\0' | sort -z | tr '\0' '\n')
}

unpacked_archive_dumps_the_same() {
	local target=$SCRATCH/unpacked
	mkdir "$target"
	nix-store --dump "$TREE" >"$SCRATCH/nar"
	"$STORE" unpack "$target" "tree" <"$SCRATCH/nar"
	nix-store --dump "$target/tree" | cmp - "$SCRATCH/nar"
	nix-store --restore "$SCRATCH/restored" <"$SCRATCH/nar"
	diff -r --no-dereference "$SCRATCH/restored" "$target/tree"
}

installed_store_is_whole() {
	local compression=$1 target=$SCRATCH/target-$1
	make_target "$target"
	(umask 077 && "$STORE" install "$SCRATCH/cache-$compression" "$KEY" "$SYSTEM" "$target")
	nix-store --store "$target" --verify --check-contents 2>&1 | tee "$SCRATCH/verify"
	! grep -qi error "$SCRATCH/verify"
}

store_is_like_a_copied_one() {
	local copied=$SCRATCH/copied target=$SCRATCH/target-like
	make_target "$target"
	nix copy --option trusted-public-keys "$KEY" --from "file://$SCRATCH/cache-zstd" \
		--to "$copied" "$SYSTEM"
	"$STORE" install "$SCRATCH/cache-zstd" "$KEY" "$SYSTEM" "$target"
	diff <(attributes "$copied") <(attributes "$target")
	diff <(nix-store --store "$copied" --dump-db) <(nix-store --store "$target" --dump-db)
	diff <(nix path-info --store "$copied" --sigs -r "$SYSTEM") \
		<(nix path-info --store "$target" --sigs -r "$SYSTEM")
}

# Only what nothing refers to is collected, so the references are right.
garbage_collection_keeps_the_closure() {
	local target=$SCRATCH/target-zstd before
	before=$(attributes "$target")
	mkdir -p "$target/nix/var/nix/gcroots"
	ln -s "$SYSTEM" "$target/nix/var/nix/gcroots/system"
	nix-store --store "$target" --gc
	[[ $(attributes "$target") == "$before" ]]
}

# fails_with CODE PATTERN COMMAND… — COMMAND fails with this code and a sentence like this.
fails_with() {
	local code=$1 pattern=$2 refusal=$SCRATCH/refusal
	shift 2
	if "$@" 2>"$refusal"; then
		echo "succeeded: $*"
		return 1
	fi
	cat "$refusal"
	grep -Eq "^$code: .*$pattern" "$refusal"
}

# refused CODE PATTERN CACHE KEY — the install from it fails so.
refused() {
	local target
	target=$(mktemp -d "$SCRATCH/refused.XXXXXX")
	make_target "$target"
	fails_with "$1" "$2" "$STORE" install "$3" "$4" "$SYSTEM" "$target"
}

# Flips the lowest bit of the byte in the middle of the largest archive of a copied cache.
damaged_archive_is_refused() {
	local compression=$1 code=$2 cache=$SCRATCH/damaged-$1 file middle byte
	cp -r "$SCRATCH/cache-$compression" "$cache"
	file=$(find "$cache/nar" -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f 2)
	middle=$(($(stat -c %s "$file") / 2))
	byte=$(od -An -tu1 -j "$middle" -N 1 "$file")
	printf '%b' "\\x$(printf %x $((byte ^ 1)))" |
		dd of="$file" bs=1 seek="$middle" conv=notrunc status=none
	refused "$code" "/nix/store/[a-z0-9]{32}-tree: " "$cache" "$KEY"
}

full_target_is_named() {
	local target=$SCRATCH/small
	((UID == 0)) || {
		echo "only root can mount"
		exit 77
	}
	truncate -s 8M "$SCRATCH/small.img"
	mkfs.ext4 -q "$SCRATCH/small.img"
	mkdir "$target"
	mount -o loop "$SCRATCH/small.img" "$target"
	make_target "$target"
	fails_with 43 "No space left on device" \
		"$STORE" install "$SCRATCH/cache-zstd" "$KEY" "$SYSTEM" "$target"
}

unmount_small() {
	! mountpoint -q "$SCRATCH/small" || umount "$SCRATCH/small"
}

main() {
	at_exit unmount_small
	build_store
	make_tree
	make_caches >"$SCRATCH/make.log" 2>&1 || {
		cat "$SCRATCH/make.log"
		exit 1
	}
	run_case "an unpacked archive is dumped as the same archive" unpacked_archive_dumps_the_same
	for compression in none xz zstd; do
		run_case "Nix finds the store from a cache with $compression whole" \
			installed_store_is_whole "$compression"
	done
	run_case "the store is like one that nix copy made" store_is_like_a_copied_one
	run_case "garbage collection keeps the closure" garbage_collection_keeps_the_closure
	run_case "a cache signed by another key is refused" \
		refused 41 "$SYSTEM is not signed by a trusted key" "$SCRATCH/cache-zstd" "$OTHER_KEY"
	run_case "a damaged plain archive is refused" damaged_archive_is_refused none 41
	run_case "a damaged zstd archive is refused" damaged_archive_is_refused zstd '4[12]'
	run_case "a damaged xz archive is refused" damaged_archive_is_refused xz 42
	run_case "a full target has its own code" full_target_is_named
}

main "$@"
