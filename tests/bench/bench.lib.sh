# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# bench.lib.sh — what the benchmarks share; sourced, never run.

bench_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top_dir=$(dirname "$(dirname "$bench_dir")")
build_dir=$top_dir/build
cache_dir=${XDG_CACHE_HOME:-$HOME/.cache}/guest-installer
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
# No daemon's settings, no substituters, no build users.
export NIX_USER_CONF_FILES=/dev/null
export NIX_CONFIG=$'experimental-features = nix-command\nbuild-users-group =\nsubstituters =\nsandbox = false'

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# make_place — the folder `work`, and in it `target` to mount on; both go when the benchmark ends.
make_place() {
	work=$(mktemp -d "${TMPDIR:-/tmp}/guest-installer-bench.XXXXXX")
	target=$work/target
	mkdir "$target"
	trap remove_place EXIT
}

remove_place() {
	! mountpoint -q "$target" || umount "$target"
	[[ $(type -t end_servers) != function ]] || end_servers
	rm -rf "$work"
}

# build_driver — the program that calls the shipping objects; prints its path.
build_driver() {
	local compiler libs headers objects driver=$build_dir/bench/install
	mkdir -p "$build_dir/bench"
	make -s -C "$top_dir" build >&2
	read -ra compiler <<<"${MUSL_CC:-musl-gcc}"
	read -ra headers <"$build_dir/static/cflags"
	read -ra libs <"$build_dir/static/libs"
	mapfile -t objects < <(find "$build_dir/static" -name '*.o' ! -name main.o | sort)
	"${compiler[@]}" -static -no-pie -s -pthread -Wl,--gc-sections -std=gnu11 -O2 -Wall -Wextra \
		-Werror -D_GNU_SOURCE= -I "$top_dir/installer" "${headers[@]}" -o "$driver" \
		"$bench_dir/install.c" "${objects[@]}" "${libs[@]}"
	printf '%s\n' "$driver"
}
