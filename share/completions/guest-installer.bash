# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guest-installer.bash — completes every tool's options and values, as its own --help lists them

# _guest_installer_value HELP OPTION — what stands behind the option there: FILE, raw|qcow2, nothing.
_guest_installer_value() {
	sed -nE "s/^  (--.* )?$2 ([^ -][^ ]*).*/\\2/p" <<<"$1" | head -n 1
}

_guest_installer() {
	local help value='' word=$2 words=()
	help=$("$1" --help 2>/dev/null) || return 0
	[[ $3 != --* ]] || value=$(_guest_installer_value "$help" "$3")
	if [[ $value == KEY=VALUE ]]; then
		mapfile -t words < <(guest-installer --help 2>/dev/null |
			sed -n '/^Keys:/,/^$/s/^  \([a-z0-9-]\+\) .*/\1=/p')
		value='' && compopt -o nospace 2>/dev/null
	elif [[ ! $value && $word == -* ]]; then
		mapfile -t words < <(grep -E '^  +--' <<<"$help" | grep -oE -- '^  +--[a-z-]+|FILE --[a-z-]+' |
			grep -oE -- '--[a-z-]+')
	elif [[ ! $value ]]; then
		# Commands stand in the first lines, behind the tool's name.
		mapfile -t words < <(sed -nE 's/^(Usage:| {6}) [a-z-]+ ([a-z]+)( .*|$)/\2/p' <<<"$help")
		value=FILE
	fi
	# Words in capitals stand for something else, the others for themselves.
	mapfile -t -O "${#words[@]}" words < <(tr '|' '\n' <<<"$value" | grep -v '[A-Z]')
	mapfile -t COMPREPLY < <(
		compgen -W "${words[*]}" -- "$word"
		[[ ! $value =~ FILE|FOLDER|DIR|PATH|SCRIPT|URL ]] || compgen -f -- "$word"
	)
}

complete -o filenames -F _guest_installer guest-installer guest-installer-first-run \
	guest-installer-run-guest guest-installer-serve-cache guest-installer-xen-domain \
	guest-installer-iso guest-installer-make-key-drive first-run run-guest serve-cache xen-domain iso \
	make-key-drive
