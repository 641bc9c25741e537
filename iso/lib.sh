# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# lib.sh — functions and variables of the scripts in this folder; they source it.

iso_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
native_build_dir=$(dirname "$iso_dir")/build
cache_dir=${XDG_CACHE_HOME:-$HOME/.cache}/guest-installer

# Products carry the date of the commit: two builds of one commit are identical.
if [[ -z ${SOURCE_DATE_EPOCH:-} ]]; then
	SOURCE_DATE_EPOCH=$("$iso_dir/../release/commit" 2>/dev/null | cut -d ' ' -f 2) || SOURCE_DATE_EPOCH=
	SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1700000000}
fi
export SOURCE_DATE_EPOCH
export LC_ALL=C TZ=UTC
# kmod's depmod and grub-mkimage are in folders that an ordinary user's path lacks.
export PATH=$PATH:/usr/sbin:/sbin

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# wanted FILE — prints the names in a list file, without comments and blank lines.
wanted() {
	sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$1"
}

# choose_architecture ARCH — sets arch, build_dir for what is built for it, and debs_dir for its packages.
choose_architecture() {
	arch=$1 build_dir=$native_build_dir debs_dir=$cache_dir/debs
	[[ $arch == x86_64 || $arch == aarch64 ]] || die "$arch is neither x86_64 nor aarch64"
	[[ $arch == "$(uname -m)" ]] || build_dir=$native_build_dir/$arch
	[[ $arch == x86_64 ]] || debs_dir=$cache_dir/debs-$arch
}

# architecture_row ARCH — prints its row of architectures.nix as JSON.
architecture_row() {
	(nix_setup && nix-instantiate --eval --strict --json "$iso_dir/architectures.nix" -A "$1")
}

# Configures Nix for this folder: without the daemon's settings, substituters and build users.
nix_setup() {
	export NIX_CONFIG='experimental-features = nix-command
build-users-group =
sandbox = false
substituters =
warn-dirty = false'
	export NIX_USER_CONF_FILES=/dev/null
}

# write_cache KEY OUT SYSTEM… — writes the systems' closures to a binary cache, signed with KEY.
write_cache() {
	nix copy --quiet --to "file://$2?compression=zstd&compression-level=12&secret-key=$1" "${@:3}"
}

choose_architecture "$(uname -m)"
