#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# terminal.sh — proves what first-run looks like on terminals of 80 and 40 columns, without colours and
# on a dumb one, and that a guest cannot talk to the terminal; with a stand-in for the installer
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=standin.lib.sh
source "$TOP/tests/qemu/standin.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"
# shellcheck source=../../qemu/lib.sh
source "$TOP/qemu/lib.sh"

PROGRESS='INSTALL_PROGRESS plan 6 planning\nINSTALL_PROGRESS copy 42 at work\n'

terminal() { tmux -S "$work/tmux" "$@"; }

# open COLUMNS TEXT ENDING [VARIABLE=VALUE]… — an installation in a terminal of so many columns.
open() {
	make_standin standin.iso "$2" "$3"
	terminal -f /dev/null new-session -d -x "$1" -y 12 "env ${*:4} $TOP/qemu/first-run \
		--disk guest.qcow2 --size 64M --iso standin.iso --key key.pub --memory 128M --accel tcg \
		--timeout 60; echo \"ended with \$?\"; read -r"
	trap 'terminal kill-server' EXIT
}

# shows PATTERN — the screen, kept in the file `screen`, has it in two minutes; a machine can be slow.
shows() {
	await 120 looks "$1" && return
	cat screen && return 1
}

looks() {
	terminal capture-pane -p >screen
	grep -qE -- "$1" screen
}

# One line and nothing that was drawn before it.
single() {
	[[ $(grep -c . screen) == 1 ]] && return
	cat screen && return 1
}

at_80_columns_there_is_a_bar_with_the_time() {
	open 80 "$PROGRESS" hang
	shows '^ 42% copy          \[#{13}\.{18}\] +[0-9]+:[0-9]{2}( left)?$'
	single
	(($(wc -L <screen) < 80))
	shows '^ 42% copy .* [0-9]+:[0-9]{2} left$'
	single
	terminal capture-pane -pe | grep -qF $'\033[32m####'
}

at_40_columns_it_is_shorter() {
	open 40 "$PROGRESS" hang
	shows '^ 42% copy          \[###\.{5}\] +[0-9]+:[0-9]{2}( left)?$'
	single
	(($(wc -L <screen) < 40))
}

a_terminal_that_gets_narrower_gets_a_shorter_bar() {
	open 80 "$PROGRESS" hang
	shows '^ 42% copy'
	terminal set-option -g window-size manual
	terminal resize-window -x 40
	shows '^ 42% copy          \[###\.{5}\] +[0-9]+:[0-9]{2}( left)?$'
}

the_bar_goes_when_the_end_has_come() {
	open 80 "${PROGRESS}INSTALL_SUCCESSFUL\n" off
	shows '^ended with 0'
	grep -q '^installed: ' screen
	if grep -q '42%' screen; then return 1; fi
}

colours_can_be_declined() {
	open 80 "$PROGRESS" hang NO_COLOR=1
	shows '^ 42% copy +\[#'
	terminal capture-pane -pe >screen
	if grep -qF $'\033' screen; then return 1; fi
}

a_dumb_terminal_gets_lines() {
	open 80 "$PROGRESS" hang TERM=dumb
	shows '^42% copy: at work$'
	grep -qx '6% plan: planning' screen
}

a_guest_cannot_talk_to_the_terminal() {
	open 80 'INSTALL_FAILED code=12 stage=target \033]2;owned\007\033[2Jnot blank\n' off
	shows '^ended with 12'
	grep -qF 'target: ?]2;owned??[2Jnot blank' screen
	[[ $(terminal display-message -p '#{pane_title}') != owned ]]
}

an_interrupt_ends_it_at_once() {
	open 80 "$PROGRESS" hang
	shows '^ 42% copy'
	terminal send-keys C-c
	shows '^first-run: interrupted'
	shows '^ended with 130'
	expect_no_qemu
	expect_files guest.qcow2.log guest.qcow2.verdict.json
}

run_tests "${BASH_SOURCE[0]}"
