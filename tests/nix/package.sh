#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# package.sh — proves that the Nix package builds where Nix builds it: tools with prefixed names only, no
# /usr/bin/env, no network, no root, and only the files of the package's source
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # the inner shell expands; the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

# A separate store for this test.
export NIX_STORE_DIR=$SCRATCH/store NIX_STATE_DIR=$SCRATCH/state NIX_LOG_DIR=$SCRATCH/log
export NIX_CONFIG='build-users-group ='
box=$SCRATCH/box
prefix=x86_64-linux-gnu-
# The packages of Debian that have the programs of Nix's standard environment and of the package.
standard=(bash bzip2 coreutils diffutils file findutils gawk grep gzip make patch sed tar xz-utils)
checkers=(e2fsprogs nix-bin openssh-client perl perl-base sqlite3 util-linux)

# The programs are reached through links: /usr/bin is hidden later.
link_programs() {
	local program
	mkdir -p "$box"/{bin,empty,real,real-sbin,toolchain/{bin,lib},build}
	while read -r program; do
		[[ $program != */sbin/* ]] || ln -sf "$box/real-sbin/${program##*/}" "$box/bin/"
		[[ $program == */sbin/* ]] || ln -sf "$box/real/${program##*/}" "$box/bin/"
	done < <(dpkg -L "${standard[@]}" "${checkers[@]}" 2>/dev/null | grep -E '^(/usr)?/s?bin/[^/]+$')
	cp "$(readlink -f /bin/sh)" "$box/empty/sh" # Nix's sandbox has this one
}

# The compiler starts plain `as` and `ld`, which it alone finds.
link_toolchain() {
	local tool
	for tool in as ld ld.bfd; do ln -s "$box/real/$prefix$tool" "$box/toolchain/lib/$tool"; done
	for tool in ar pkg-config; do ln -s "$box/real/$prefix$tool" "$box/toolchain/bin/"; done
	cat >"$box/toolchain/bin/${prefix}cc" <<-END
		#!$box/bin/bash
		export GCC_EXEC_PREFIX=/usr/lib/gcc/
		exec "$box/real/${prefix}gcc" -B"$box/toolchain/lib" "\$@"
	END
	chmod +x "$box/toolchain/bin/${prefix}cc"
}

# package ATTRIBUTE — an attribute of the derivation's arguments, one word or text per line.
package() {
	nix-instantiate --read-write-mode --eval --strict --json "$TOP/tests/nix/package.nix" \
		--argstr toolchain "$box/toolchain" --argstr shell "$box/bin/bash" -A "$1" |
		jq -r 'if type == "array" then .[] else . end'
}

# The environment of a build.
prelude() {
	cat <<-END
		set -euo pipefail
		export HOME=/homeless-shelter TMPDIR=/tmp SOURCE_DATE_EPOCH=1 NIX_BUILD_CORES=2
		export CC=${prefix}cc AR=${prefix}ar PKG_CONFIG=${prefix}pkg-config
		export PATH=$box/bin:$box/toolchain/bin NIX_STATE_DIR=$box/build/state
		cd "$box/build/source"
	END
}

# The phase of the package with Debian's shared libraries. FULL=1 builds and runs every unit test, which
# takes minutes; else two modules and one test show that each tool is called by its name.
write_phase() {
	local differences=(-e 's/ -static"/"/' -e 's/SANITIZE=-Wno-error/"SANITIZE=-Wno-error -O0 -g0"/')
	[[ ${FULL-} ]] || differences+=(
		-e 's| asan$| SOURCES=installer/net/retry.c UNIT_SHARED= build/asan/test_retry|'
		-e 's|tests/run unit|tests/run build/asan/test_retry|')
	{
		prelude
		cat <<-END
			makeFlags='$(package makeFlags | tr '\n' ' ') PKG_CONFIG_FLAGS='
			runHook() { :; }
			patchShebangs() { sed -i "1s|^#!/usr/bin/env perl|#!$box/bin/perl|" "\$@"; }
		END
		package checkPhase | sed "${differences[@]}"
	} >"$box/phase"
}

# Of the unit tests of `make asan` those that start programs or write files: what the sandbox can
# change. The phase with FULL=1 runs all.
write_unit_tests() {
	(
		prelude
		echo 'failed=0; check() { "$1" >"/tmp/unit.$$" 2>&1 || { cat "/tmp/unit.$$"; failed=1; }; }'
		cd "$TOP"
		grep -lE '\b(system|popen|process_run|fork|mkdtemp|mkstemp)\(' tests/unit/test_*.c |
			grep -vxF "$(removed_tests)" | sed -E 's,tests/unit/(.*)\.c,check build/asan/\1,'
		echo 'exit "$failed"'
	) >"$box/unit-tests"
}

removed_tests() {
	package checkPhase | grep -oP '^ *rm \K.*'
}

# The phase removes tests that need root; each of them has to exist.
removed_tests_exist() {
	local test count=0
	while read -r test; do
		[[ -e $TOP/$test ]] || { echo "there is no $test" && return 1; }
		count=$((count + 1))
	done < <(removed_tests)
	((count > 0))
}

# The static program: no command of the build calls a tool by its plain name.
build_uses_prefixed_tools() {
	local flags=()
	mapfile -t flags < <(package makeFlags)
	make -n -B V=1 -C "$box/build/source" "${flags[@]}" PKG_CONFIG="${prefix}pkg-config" build >"$SCRATCH/log"
	grep -q "${prefix}cc" "$SCRATCH/log"
	! grep -E '(^|[ ;(])(gcc|cc|ar|ld|pkg-config|musl-gcc)( |$)' "$SCRATCH/log"
}

prepare() {
	link_programs
	link_toolchain
	cp -r "$(package src)" "$box/build/source"
	chmod -R u+w "$box/build"
	mkdir -p "$box/build/source/build/asan"
	write_phase
	write_unit_tests
	chmod 755 "$SCRATCH" "$box"
	chown -R nobody "$box/build"
}

# in_sandbox SCRIPT [FOLDER] — runs the script of the box as an ordinary user, with FOLDER as the
# programs under sanitizers.
# /usr/bin and /usr/sbin, which are /bin and /sbin as well, have nothing but sh.
in_sandbox() {
	unshare --mount --net bash -euo pipefail -c '
		ip link set lo up
		[[ ! ${2-} ]] || mount --bind "$2" "$0/build/source/build/asan"
		mount --bind /usr/bin "$0/real"
		mount --bind /usr/sbin "$0/real-sbin"
		mount --bind "$0/empty" /usr/bin
		"$0/real/mount" --bind "$0/empty" /usr/sbin
		exec "$0/bin/setpriv" --reuid 65534 --regid 65534 --clear-groups \
			"$0/real/env" -i "$0/bin/bash" "$0/$1"' "$box" "$@"
}

prepare
run_case 'the tests that the check phase removes exist' removed_tests_exist
run_case 'the build calls each tool by its prefixed name' build_uses_prefixed_tools
run_case 'the check phase succeeds with prefixed tools, without network and root' in_sandbox phase
run_case 'unit tests that start programs or write files pass there' in_sandbox unit-tests "$TOP/build/asan"
