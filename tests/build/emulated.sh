#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# emulated.sh — proves that the program starts itself anew without vector instructions where QEMU emulates the
# processor, and nowhere else
#
# Modules: init/processor.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

PROGRAM=$TOP/build/guest-installer

# starts COMMAND… — how often a traced program starts a program.
starts() {
	"$@" "$PROGRAM" --version 2>&1 | grep -c 'execve('
}

on_an_emulated_processor_it_starts_itself() {
	[[ $(uname -m) == x86_64 ]] || { echo "the processor is none of x86" && return 77; }
	qemu-x86_64 -cpu max -strace "$PROGRAM" --version 2>&1 | tee said
	grep -F 'execve("/proc/self/exe",' said
	# The emulator shows the first program's calls, and the kernel runs the second one.
	grep -F "guest-installer $(cat "$TOP/VERSION") " said
}

# strace shows the start by the shell, QEMU does not.
elsewhere_it_does_not() {
	[[ $(starts strace -f) == 1 ]]
	[[ $(OPENSSL_ia32cap=: starts qemu-x86_64 -cpu max -strace) == 0 ]]
}

cd "$SCRATCH"
run_case "on an emulated processor the program starts itself anew" on_an_emulated_processor_it_starts_itself
run_case "on another one, and with capabilities that the user has chosen, it does not" elsewhere_it_does_not
