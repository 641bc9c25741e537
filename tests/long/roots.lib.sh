# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/long/roots.lib.sh — fresh roots of Debian's suites, made by mmdebstrap from this machine's mirrors
#
# Source it after tests/tap.lib.sh and go to $SCRATCH. It needs root and a network.

HERE=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)

# apt_sources SUITE — this machine's APT sources, for another suite of the same mirrors.
apt_sources() {
	local file
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
		[[ -s $file ]] || continue
		sed "s/\b$HERE\b/$1/g" "$file" >"sources-$1.${file##*.}"
		echo "$PWD/sources-$1.${file##*.}"
	done
}

# make_root SUITE PACKAGES — root-SUITE with essential packages, those of the list with commas, and what they depend
# on. A file *.deb is a package, too.
make_root() {
	local list
	mapfile -t list < <(apt_sources "$1")
	mmdebstrap --quiet --mode=root --variant=essential --format=directory \
		--hook-dir=/usr/share/mmdebstrap/hooks/file-mirror-automount --include="$2" \
		--aptopt='APT::Install-Recommends "false"' "$1" "root-$1" "${list[@]}"
}

# in_root SUITE COMMAND… — with /proc and /dev in a mount namespace that ends with the command's processes.
in_root() {
	# shellcheck disable=SC2016 # the inner shell expands it
	unshare --mount --propagation=slave bash -ec 'mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev"
		exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TERM=dumb "${@:2}"' - "root-$1" "${@:2}"
}
