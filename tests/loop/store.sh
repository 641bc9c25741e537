#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# store.sh — proves that a store filled from a binary cache is what Nix itself would have made
#
# Judged by the real Nix, in scratch stores: nix-store --dump, --verify --check-contents and
# --dump-db, and what `nix copy` leaves from the same cache. Needs what `make asan` builds. Exercises store_path,
# closure, copy, worker, unpack, store_dir, database, ext4_image, allocator, directory and inode.
# shellcheck source=tests/tap.lib.sh
. "$(dirname "$0")/../tap.lib.sh"

STORE=$SCRATCH/store
TREE=$SCRATCH/tree
export NIX_CONFIG=$'build-users-group =\nexperimental-features = nix-command\nsubstituters ='

build_store() {
	build_sanitized "$STORE" "$TOP/tests/loop/store.c"
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

# fresh_image FILE [SIZE [OPTION…]] — an empty ext4, by default with blocks of 4 KiB on 256 MiB.
fresh_image() {
	rm -f "$1"
	truncate -s "${2:-256M}" "$1"
	mke2fs -q -t ext4 -b 4096 "${@:3}" "$1"
}

# attach NAME — mounts the image of that name.
attach() {
	mkdir -p "$SCRATCH/$1"
	mount -o loop "$SCRATCH/$1.img" "$SCRATCH/$1"
}

# detach NAME — unmounts it; the kernel and we have left a clean file system.
detach() {
	umount "$SCRATCH/$1"
	e2fsck -fn "$SCRATCH/$1.img" | tee "$SCRATCH/e2fsck"
	if grep -F '?' "$SCRATCH/e2fsck"; then return 1; fi
}

# install_from CACHE NAME — fills the fresh image of that name, mounts it and registers its paths.
install_from() {
	"$STORE" copy "$1" "$KEY" "$SYSTEM" "$SCRATCH/$2.img"
	e2fsck -fn "$SCRATCH/$2.img"
	attach "$2"
	mkdir -p "$SCRATCH/$2/nix/var/nix/db"
	"$STORE" register "$1" "$KEY" "$SYSTEM" "$SCRATCH/$2"
}

# Type, mode, owner, group, mtime, size of files, link target and name of all below a store.
attributes() {
	(cd "$1/nix/store" && find . -mindepth 1 ! -path './.links*' \
		\( -type f -printf '%s ' -o -true \) -printf '%y %m %U %G %T@ %l %P\0' | sort -z | tr '\0' '\n')
}

unpacked_archive_dumps_the_same() {
	local store=$SCRATCH/unpacked/nix/store
	fresh_image "$SCRATCH/unpacked.img"
	nix-store --dump "$TREE" >"$SCRATCH/nar"
	"$STORE" unpack "$SCRATCH/unpacked.img" "tree" <"$SCRATCH/nar"
	attach unpacked
	nix-store --dump "$store/tree" | cmp - "$SCRATCH/nar"
	nix-store --restore "$SCRATCH/restored" <"$SCRATCH/nar"
	diff -r --no-dereference "$SCRATCH/restored" "$store/tree"
	detach unpacked
}

installed_store_is_whole() {
	local compression=$1 target=$SCRATCH/target-$1
	fresh_image "$target.img"
	install_from "$SCRATCH/cache-$compression" "target-$compression"
	nix-store --store "$target" --verify --check-contents 2>&1 | tee "$SCRATCH/verify"
	if grep -qi error "$SCRATCH/verify"; then return 1; fi
	[[ $compression == zstd ]] || detach "target-$compression"
}

store_is_like_a_copied_one() {
	local copied=$SCRATCH/copied target=$SCRATCH/target-like
	fresh_image "$target.img" 256M "$@"
	rm -rf "$copied"
	nix copy --option trusted-public-keys "$KEY" --from "file://$SCRATCH/cache-zstd" \
		--to "$copied" "$SYSTEM"
	install_from "$SCRATCH/cache-zstd" target-like
	diff <(attributes "$copied") <(attributes "$target")
	diff <(nix-store --store "$copied" --dump-db) <(nix-store --store "$target" --dump-db)
	diff <(nix path-info --store "$copied" --sigs -r "$SYSTEM") \
		<(nix path-info --store "$target" --sigs -r "$SYSTEM")
	chmod -R u+w "$copied"
	detach target-like
}

# What we have made is the kernel's own afterwards: it adds to directories of one block, of several
# and of an index with two levels, and removes from them.
kernel_goes_on_with_it() {
	local folder=$SCRATCH/many store=$SCRATCH/going/nix/store directory
	mkdir -p "$folder"/{one,some,many}
	(cd "$folder" && touch one/file some/{1..400} && seq -f 'many/%.0f-of-many-files' 40000 | xargs touch)
	fresh_image "$SCRATCH/going.img" 256M "$@" -N 65536
	nix-store --dump "$folder" | "$STORE" unpack "$SCRATCH/going.img" tree
	e2fsck -fn "$SCRATCH/going.img"
	attach going
	diff <(ls "$folder/many") <(ls "$store/tree/many")
	for directory in "$store" "$store"/tree/{one,some,many}; do
		(cd "$directory" && seq -f 'new-%.0f' 3000 | xargs touch)
	done
	[[ $(find "$store/tree" -name 'new-*' | wc -l) == 9000 ]]
	(cd "$store/tree/many" && seq -f '%.0f-of-many-files' 1 2 40000 | xargs rm)
	rm -r "$store/tree/some"
	detach going
}

# Only what nothing refers to is collected, so the references are right.
garbage_collection_keeps_the_closure() {
	local target=$SCRATCH/target-zstd before
	before=$(attributes "$target")
	mkdir -p "$target/nix/var/nix/gcroots"
	ln -s "$SYSTEM" "$target/nix/var/nix/gcroots/system"
	nix-store --store "$target" --gc
	[[ $(attributes "$target") == "$before" ]]
	detach target-zstd
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

# refused CODE PATTERN CACHE KEY — copying from it fails so, and leaves the file system empty.
refused() {
	local image=$SCRATCH/refused.img
	fresh_image "$image"
	fails_with "$1" "$2" "$STORE" copy "$3" "$4" "$SYSTEM" "$image"
	e2fsck -fn "$image"
	[[ $(debugfs -R 'ls -p /' "$image" | cut -d/ -f6 | xargs) == '. .. lost+found' ]]
}

# A content address that is none, signatures that are none, and a deriver that is none: none of these
# lines is signed, and Nix reads them from its database.
unsigned_lines_are_harmless() {
	local cache=$SCRATCH/cache-junk target=$SCRATCH/target-junk
	cp -r "$SCRATCH/cache-zstd" "$cache"
	sed -i -e '/^CA: /d' -e '$a CA: junk\nSig: junk\nSig: a b:AAAA\nDeriver: ../x' "$cache"/*.narinfo
	fresh_image "$target.img"
	install_from "$cache" target-junk
	store_is_sound target-junk
	diff <(nix-store --store "$target" --dump-db) \
		<(NIX_REMOTE=$SCRATCH/origin nix-store --dump-db)
	detach target-junk
}

# store_is_sound NAME — to all of Nix that reads its database.
store_is_sound() {
	local target=$SCRATCH/$1
	nix-store --store "$target" --verify --check-contents 2>&1 | tee "$SCRATCH/verify"
	if grep -qi error "$SCRATCH/verify"; then return 1; fi
	diff <(nix-store --store "$target" -qR "$SYSTEM") \
		<(NIX_REMOTE=$SCRATCH/origin nix-store -qR "$SYSTEM")
	nix path-info --store "$target" --all --json >/dev/null
	mkdir -p "$target/nix/var/nix/gcroots"
	ln -sfn "$SYSTEM" "$target/nix/var/nix/gcroots/system"
	nix-store --store "$target" --gc
	nix-store --store "$target" --verify
}

# Without content addresses, which would prove the paths as well.
refused_with_another_key() {
	local cache=$SCRATCH/cache-no-ca
	cp -r "$SCRATCH/cache-zstd" "$cache"
	sed -i '/^CA: /d' "$cache"/*.narinfo
	refused 41 "$SYSTEM is not signed by a trusted key" "$cache" "$OTHER_KEY"
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
	fresh_image "$SCRATCH/small.img" 8M
	fails_with 43 "No space left on device" \
		"$STORE" copy "$SCRATCH/cache-zstd" "$KEY" "$SYSTEM" "$SCRATCH/small.img"
}

# The kernel would refuse it, too.
too_long_a_link_is_refused() {
	fresh_image "$SCRATCH/small.img" 256M -b 1024
	fails_with 0 "/nix/store/[a-z0-9]{32}-tree: make a link with a target of 4095 bytes: File name too long" \
		"$STORE" copy "$SCRATCH/cache-zstd" "$KEY" "$SYSTEM" "$SCRATCH/small.img"
}

unmount_all() {
	local name
	for name in unpacked target-{none,xz,zstd,junk} target-like going; do
		! mountpoint -q "$SCRATCH/$name" || umount "$SCRATCH/$name"
	done
}

main() {
	at_exit unmount_all
	if ((UID)); then
		skip "the store is what Nix would have made" "only root can mount"
		exit 0
	fi
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
	run_case "a link that a block does not hold is refused" too_long_a_link_is_refused
	run_case "it is without 64bit and checksums" store_is_like_a_copied_one -O '^64bit,^metadata_csum'
	run_case "the kernel goes on with directories of every size" kernel_goes_on_with_it
	run_case "it does with blocks of 1 KiB" kernel_goes_on_with_it -b 1024
	run_case "garbage collection keeps the closure" garbage_collection_keeps_the_closure
	run_case "unsigned lines do no harm to the database" unsigned_lines_are_harmless
	run_case "a cache signed by another key is refused" refused_with_another_key
	run_case "a damaged plain archive is refused" damaged_archive_is_refused none 41
	run_case "a damaged zstd archive is refused" damaged_archive_is_refused zstd '4[12]'
	run_case "a damaged xz archive is refused" damaged_archive_is_refused xz 42
	run_case "a full target has its own code" full_target_is_named
}

main "$@"
