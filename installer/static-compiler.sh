# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# static-compiler.sh — which compiler makes the static libraries of an architecture (read by static-libs)
#
# For this machine's own it is the distribution's musl-gcc. For another one it is musl-gcc of a musl that is
# cross-compiled first, and the folder of the libraries keeps both.

# Sets ARCH; TOOLS, the prefix of the tools' names; where the kernel's headers are; and the packages of both.
choose_tools() {
	ARCH=$1 TOOLS='' TOOL_PACKAGES=(linux-libc-dev binutils)
	HEADERS=/usr/include
	[[ $ARCH == x86_64 || $ARCH == aarch64 ]] || die "$ARCH is neither x86_64 nor aarch64"
	if [[ $ARCH == "$(uname -m)" ]]; then
		ASM_HEADERS=/usr/include/$(gcc -print-multiarch)/asm
		return
	fi
	[[ $ARCH == aarch64 ]] || die "of other machines' programs, only those for aarch64 can be built here"
	TOOLS=aarch64-linux-gnu-
	HEADERS=/usr/aarch64-linux-gnu/include ASM_HEADERS=/usr/aarch64-linux-gnu/include/asm
	TOOL_PACKAGES=(linux-libc-dev-arm64-cross binutils-aarch64-linux-gnu)
	WITNESSES+=(musl-dev libcmocka-dev)
	CHAINS[1]+=" cmocka"
}

# musl-cc: musl-gcc with the kernel's headers. Paths of this build are inside the wrapper,
# because OpenSSL writes the compiler's command line into its library.
compiler_prepare() {
	local work=$1 headers=$1/root/static-libs/kernel-headers compiler=musl-gcc
	mkdir -p "$headers" "$work/bin"
	ln -s "$HEADERS"/{linux,asm-generic,mtd} "$headers/"
	ln -s "$ASM_HEADERS" "$headers/asm"
	if [[ $TOOLS ]]; then
		build_chain "$work" musl
		compiler=$work/root/static-libs/bin/musl-gcc
		move_musl "$work/root/static-libs" /static-libs "$work/root/static-libs"
	fi
	cat >"$work/bin/musl-cc" <<-WRAPPER
		#!/bin/sh
		exec $compiler -idirafter $headers -ffile-prefix-map=$work=/static-libs "\$@"
	WRAPPER
	chmod +x "$work/bin/musl-cc"
	export PATH=$work/bin:$PATH
}

# move_musl FOLDER FROM TO — lets the wrapper and the specs in FOLDER, written for FROM, name TO.
move_musl() {
	sed -i "s|$2/|$3/|g" "$1/bin/musl-gcc" "$1/lib/musl-gcc.specs"
}
