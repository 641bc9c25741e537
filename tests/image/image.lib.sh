# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # variables shared with the test files
# tests/image/image.lib.sh — makes images as an ordinary user, and shows what that user did
#
# Source it after nothing else: it sources tests/tap.lib.sh. The test works in $SCRATCH, to which every user
# can write.
# shellcheck source=tests/tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=tests/image/guest.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.lib.sh"

SEED=6ba7b810-9dad-11d1-80b4-00c04fd430c8
# Where an unprivileged user can read them, wherever the tree is.
GUEST_INSTALLER=$SCRATCH/guest-installer
CACHE=$BUILT/cache
export NIX_CONFIG='build-users-group ='
# make hands it on, and it would date the images.
unset SOURCE_DATE_EPOCH

# as_nobody COMMAND… — without any right of root, and none that a program could give.
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all \
		--no-new-privs env HOME=/nonexistent TMPDIR="$SCRATCH/tmp" PATH="$PATH" "$@"
}

prepare_images() {
	chmod 755 "$SCRATCH"
	mkdir "$SCRATCH/tmp" "$SCRATCH/out"
	chmod 1777 "$SCRATCH/tmp" "$SCRATCH/out"
	cp "$TOP/build/guest-installer" "$GUEST_INSTALLER"
	cd "$SCRATCH" || exit
	ssh-keygen -q -t ed25519 -N '' -C tester -f key
	if ! as_nobody test -r "$CACHE/nix-cache-info"; then
		cp -r "$CACHE" cache-copy
		CACHE=$SCRATCH/cache-copy
	fi
}

# image_options NAME — the options of an image of that sample.
image_options() {
	printf '%s\n' --manifest "$SCRATCH/$1.json" --cache "$CACHE" --key "$SCRATCH/key.pub" \
		--set "trusted-keys=$(sample_key)"
}

# make_image NAME OUTPUT OPTION… — as an ordinary user; what is printed goes to the file `said`.
make_image() {
	local options
	mapfile -t options < <(image_options "$1")
	as_nobody "$GUEST_INSTALLER" image "${options[@]}" "${@:3}" "$2" >said 2>&1
}

# made NAME OUTPUT OPTION… — the same, and it has to succeed.
made() {
	make_image "$@" || { cat said && return 1; }
	[[ $(tail -n 1 said) == INSTALL_SUCCESSFUL ]]
	nothing_is_left
}

# refused CODE PATTERN NAME OUTPUT OPTION… — with this code and sentence; no output appears.
refused() {
	local code=$1 pattern=$2 status=0
	shift 2
	make_image "$@" || status=$?
	if [[ ! $status =~ ^$code$ ]] || ! grep -E "^INSTALL_FAILED code=$code .*$pattern" said; then
		echo "status $status, expected $code: $pattern" && cat said && return 1
	fi
	nothing_is_left
}

# Neither a temporary folder nor an image without its name.
nothing_is_left() {
	[[ ! $(ls -A "$SCRATCH/tmp") && ! $(find "$SCRATCH/out" -name '.*' -type f) ]]
}

# result KEY — what the last image reported.
result() {
	sed -n "s/^INSTALL_RESULT $1=//p" said
}

# attach_root IMAGE OFFSET FOLDER — mounts a file system read-only where another program may look at it.
attach_root() {
	mkdir -p "$3"
	mount -o "ro,noload,loop,offset=$2" "$1" "$3"
}

detach_roots() {
	while umount "$SCRATCH/mnt" 2>/dev/null; do :; done
	while umount "$SCRATCH/other" 2>/dev/null; do :; done
}
at_exit detach_roots

# image_store_is_whole IMAGE OFFSET NAME — Nix finds every path of the sample with its content, and no other. It
# writes to the database that it opens, so it gets a copy.
image_store_is_whole() {
	local system
	system=$(readlink -f "$BUILT/sample-$3")
	cp --sparse=always "$1" copy.img
	mkdir -p mnt
	mount -o "loop,offset=$2" copy.img mnt
	nix-store --store "$PWD/mnt" --verify --check-contents 2>&1 | tee verified
	if grep -E 'missing|modified|error' verified; then return 1; fi
	nix-store --store "$PWD/mnt" -qR "$system" | sort | diff - <(nix-store -qR "$system" | sort)
	umount mnt
	rm copy.img
}

# entries IMAGE OFFSET FOLDER — type, mode, owner, time and link of everything in the store.
entries() {
	attach_root "$1" "$2" "$3"
	(cd "$3/nix/store" && find . -mindepth 1 -printf '%P %y %m %U %G %T@ %l\n' | sort)
	umount "$3"
}
