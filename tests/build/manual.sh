#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# manual.sh — proves that the manual pages render without a warning and have what --help lists, that
# they are installed, and that the shells offer every option
#
# Modules: config/key_table.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

cd "$SCRATCH"
PATH=$TOP/build:$TOP/qemu:$TOP/keys:$PATH
tools=(guest-installer first-run run-guest serve-cache xen-domain iso make-key-drive)

pages_can_be_made() {
	make -s -C "$TOP" man
}

renders_well() {
	mandoc -T lint -W warning "$1"
	groff -k -ww -mandoc -Tutf8 "$1" 2>&1 >rendered | tee warnings
	[[ -s rendered && ! -s warnings ]]
}

# options TOOL — every option that its --help speaks of.
options() {
	"$1" --help | grep -E '^  --' | sed -E 's/^  //; s/  .*//' | grep -oE -- '--[a-z0-9-]+' | sort -u
}

# as_text PAGE — as a reader sees it, in one line.
as_text() {
	mandoc -T utf8 -O width=1000 "$1" | col -bx | tr -s ' \n' ' '
}

# page_of TOOL — its manual page, which has the name that `make install` gives the tool.
page_of() {
	if [[ $1 == guest-installer ]]; then echo "$TOP/build/man/$1.8"; else echo "$TOP/build/man/guest-installer-$1.1"; fi
}

page_has_every_option() {
	local text option count=0
	text=$(as_text "$(page_of "$1")")
	for option in $(options "$1"); do
		[[ $text == *" $option"* ]] || { echo "no $option" && return 1; }
		count=$((count + 1))
	done
	((count > 1))
}

page_has_every_key() {
	local text key count=0
	text=$(mandoc -T utf8 "$TOP/build/man/guest-installer.conf.5" | col -bx)
	while read -r key; do
		grep -qE "^ +$key( |$)" <<<"$text" || { echo "no $key" && return 1; }
		count=$((count + 1))
	done < <(guest-installer --help | sed -n '/^Keys:/,/^$/s/^  \([a-z0-9-]\+\) .*/\1/p')
	((count >= 20))
}

# The rows of the exit codes as `code meaning`, as a formatter shows them.
rows() {
	mandoc -T ascii -O width=200 "$1" | col -bx | sed -n '/^EXIT STATUS/,/^SEE ALSO/s/^ *\([0-9]\+\)  *\(.*\)\./\1 \2/p'
}

page_has_the_exit_codes_of_the_program() {
	rows "$TOP/build/man/$1" >found
	(($(wc -l <found) > 20))
	guest-installer --help | sed '1,/^Exit status:$/d; s/^ *\([0-9]*\)  /\1 /' | diff -i - found
}

host_tools_have_the_codes_of_the_host() {
	rows "$TOP/build/man/guest-installer-protocol.7" | sed -n 's/^\(8[0-9]\) .*/\1/p' >found
	sed -n 's/^\s*[A-Z_]* = \(8[0-9]\)\b.*/\1/p' "$TOP/qemu/host/base/codes.py" | sort | diff - found
}

every_tool_has_the_version() {
	local tool
	for tool in "${tools[@]}"; do
		[[ $("$tool" --version | cut -d " " -f 1,2) == "$tool $(guest-installer --version | cut -d " " -f 2)" ]]
	done
}

synopsis_names_the_commands() {
	local command
	for command in install pygrub direct; do
		[[ $(as_text "$(page_of xen-domain)") == *" guest-installer-xen-domain $command --name NAME --disk "* ]]
	done
}

pages_are_installed() {
	make -s -C "$TOP" install DESTDIR="$SCRATCH/root" PREFIX=/usr
	[[ $(find root/usr/share/man -type f | wc -l) == $(find "$TOP/share/man" -name '*.in' | wc -l) ]]
	man=root/usr/share/man/man7/guest-installer-protocol.7
	mandoc -T utf8 "$man" | grep -F 'INSTALL_FAILED code=<number> stage=<stage> <sentence>'
	{ root/usr/bin/guest-installer-iso --nothing 2>&1 || true; } | diff - <(
		echo "guest-installer-iso: unknown option '--nothing'"
		echo "guest-installer-iso: guest-installer-iso --help lists the options"
	)
}

# The name of a tool in the source tree, where it is not a path.
short_names='(^|[^[:alnum:]_/.-])(first-run|run-guest|serve-cache|xen-domain|make-key-drive)([^[:alnum:]_-]|$)'

each_program_has_one_name() {
	local page tool
	for page in root/usr/share/man/man*/*; do
		renders_well "$page"
		if grep -nE "$short_names|^\.(Nm|Xr|Dt) \"?iso\b" "$page"; then return 1; fi
	done
	for tool in "${tools[@]:1}"; do
		page=root/usr/share/man/man1/guest-installer-$tool.1
		grep -x ".Nm guest-installer-$tool" "$page"
		head -n 3 "$page" | grep -ix ".Dt guest-installer-$tool 1"
		"root/usr/bin/guest-installer-$tool" --help >help
		grep "^Usage: guest-installer-$tool " help
		if grep -nE "$short_names" help; then return 1; fi
	done
	cmp root/usr/share/guest-installer/events.schema.json "$TOP/share/events.schema.json"
}

bash_offers_every_option() {
	local option
	# shellcheck source=../../share/completions/guest-installer.bash
	source "$TOP/share/completions/guest-installer.bash"
	_guest_installer "$1" -- "$1"
	printf '%s\n' "${COMPREPLY[@]}" | sort -u >offered
	for option in $(options "$1"); do
		grep -qxe "$option" offered || { echo "no $option among:" && cat offered && return 1; }
	done
}

bash_offers_values() {
	set +eo pipefail # as in an interactive shell
	# shellcheck source=../../share/completions/guest-installer.bash
	source "$TOP/share/completions/guest-installer.bash"
	_guest_installer first-run '' --firmware
	[[ ${COMPREPLY[*]} == 'bios uefi' ]] || return 1
	_guest_installer first-run wi --set
	[[ ${COMPREPLY[*]} == 'wipe=' ]] || return 1
	_guest_installer guest-installer pl guest-installer
	[[ ${COMPREPLY[*]} == plan ]] || return 1
	touch guest.iso
	_guest_installer first-run gue --iso
	[[ ${COMPREPLY[*]} == guest.iso ]]
}

# zsh's own _gnu_generic reads --help: what is left to us is to name the tools.
zsh_completes() {
	zsh -n "$TOP/share/completions/_guest-installer"
	head -n 1 "$TOP/share/completions/_guest-installer" | tr ' ' '\n' >named
	grep -qx "$1" named
	[[ $1 == guest-installer ]] || grep -qx "guest-installer-$1" named
}

run_case "the manual pages can be made" pages_can_be_made
for page in "$TOP"/build/man/*; do
	run_case "${page##*/} renders without a warning" renders_well "$page"
done
for tool in "${tools[@]}"; do
	run_case "the page of $tool has every option" page_has_every_option "$tool"
	run_case "bash offers every option of $tool" bash_offers_every_option "$tool"
	run_case "zsh completes $tool" zsh_completes "$tool"
done
run_case "bash offers values, commands and files" bash_offers_values
run_case "every tool has --version" every_tool_has_the_version
run_case "the synopsis of xen-domain has its commands" synopsis_names_the_commands
run_case "guest-installer.conf(5) has every key" page_has_every_key
for page in guest-installer.8 guest-installer-protocol.7; do
	run_case "$page has the exit codes of the program" page_has_the_exit_codes_of_the_program "$page"
done
run_case "the host tools have the codes of the host" host_tools_have_the_codes_of_the_host
run_case "make install puts them in place" pages_are_installed
run_case "each installed program has one name in its --help and in all pages" each_program_has_one_name
