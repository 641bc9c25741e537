# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# lib.sh — what the scripts in this folder share; sourced, never run.

iso_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build_dir=$(dirname "$iso_dir")/build
cache_dir=${XDG_CACHE_HOME:-$HOME/.cache}/guest-installer
debs_dir=$cache_dir/debs

# The commit's date, so that two builds of one commit are the same bytes.
if [[ -z ${SOURCE_DATE_EPOCH:-} ]]; then
	SOURCE_DATE_EPOCH=$(git -C "$iso_dir" log -1 --format=%ct 2>/dev/null) || SOURCE_DATE_EPOCH=
	SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1700000000}
fi
export SOURCE_DATE_EPOCH
export LC_ALL=C TZ=UTC
# kmod's depmod and grub-mkimage live outside an ordinary user's path.
export PATH=$PATH:/usr/sbin:/sbin

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# wanted FILE — the names in a list file, without comments and blank lines.
wanted() {
	sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$1"
}

# Nix as this folder uses it: no daemon's settings, no substituters, no build users.
nix_setup() {
	export NIX_CONFIG='experimental-features = nix-command
build-users-group =
sandbox = false
substituters =
warn-dirty = false'
	export NIX_USER_CONF_FILES=/dev/null
}

# write_cache KEY OUT SYSTEM… — the systems' closures as a binary cache, signed with the secret key.
write_cache() {
	nix copy --quiet --to "file://$2?compression=zstd&compression-level=12&secret-key=$1" "${@:3}"
}
