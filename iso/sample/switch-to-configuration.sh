#!/bin/bash
# SPDX-License-Identifier: MIT
# Imitates switch-to-configuration: makes the system the default for the next boot.

set -euo pipefail
export PATH=@utillinux@/bin:@busybox@/bin
toplevel=@systemConfig@

usage() {
	cat >&2 <<END
Usage: $0 [check|switch|boot|test|dry-activate]

check:        run pre-switch checks and exit
switch:       make the configuration the boot default and activate now
boot:         make the configuration the boot default
test:         activate the configuration, but don't make it the boot default
dry-activate: show what would be done if this configuration were activated
END
	exit 1
}

(($# == 1)) || usage
action=$1
case $action in
check | switch | boot | test | dry-activate) ;;
*) usage ;;
esac

if [[ ! -f /etc/NIXOS ]] && ! grep -qsE '^ID="?nixos"?$' /etc/os-release; then
	echo 'This is not a NixOS installation!' >&2
	exit 1
fi
[[ $action != check && $action != dry-activate ]] || exit 0

mkdir -p /run/nixos
exec 9>>/run/nixos/switch-to-configuration.lock
flock -n 9 || {
	echo 'Could not acquire lock' >&2
	exit 1
}

if [[ $action == switch || $action == boot ]]; then
	@installBootLoader@ "$toplevel" || {
		echo 'Failed to install bootloader' >&2
		exit 1
	}
fi
[[ ${NIXOS_NO_SYNC:-} == 1 ]] || sync -f /nix/store
[[ $action != boot ]] || exit 0

"$toplevel/activate"
