#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# manual.sh — proves that the manual page is installed, without complaints, and that manual, program
# and host tools have the same exit codes
# shellcheck source=tests/lib.sh
source "$(dirname "$0")/../lib.sh"
cd "$TOP"

PAGE=$SCRATCH/root/usr/share/man/man7/guest-installer-protocol.7

page_is_installed() {
	make -s install DESTDIR="$SCRATCH/root" PREFIX=/usr
	mandoc -T lint -W warning "$PAGE"
	mandoc -T utf8 "$PAGE" | grep -F 'INSTALL_FAILED code=<number> stage=<stage> <sentence>'
}

# The rows below EXIT STATUS as `code meaning`, as a formatter shows them.
rows() {
	mandoc -T ascii "$PAGE" | sed 's/.\x08//g' |
		sed -n '/^EXIT STATUS/,/^SEE ALSO/s/^ *\([0-9]\+\)  *\(.*\)/\1 \2/p'
}

codes_are_those_of_the_program() {
	rows | tee found
	(($(wc -l <found) > 20))
	build/guest-installer --help | sed '1,/^Exit status:$/d; s/^ *\([0-9]*\)  /\1 /' | diff - found
}

codes_are_those_of_the_host_tools() {
	rows | sed -n 's/^\(8[0-9]\) .*/\1/p' >found
	sed -n 's/^\s*[A-Z_]* = \(8[0-9]\)\b.*/\1/p' qemu/host/codes.py | sort | diff - found
}

run_case "the manual page is installed and well-formed" page_is_installed
cd "$SCRATCH" && ln -s "$TOP/build" "$TOP/qemu" .
run_case "its exit codes are those of the program" codes_are_those_of_the_program
run_case "the host tools have the codes of the host" codes_are_those_of_the_host_tools
