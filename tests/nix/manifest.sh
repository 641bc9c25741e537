#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# manifest.sh — proves what make-manifest says of a system: sizes as Nix and find count them, SSH as
# its configuration has it, else as the system's etc does
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../../iso/lib.sh
source "$TOP/iso/lib.sh"

# A store of the test's own.
export NIX_STORE_DIR=$SCRATCH/store NIX_STATE_DIR=$SCRATCH/state NIX_LOG_DIR=$SCRATCH/log

# add_system FILE… — a system with these files in its etc, of one line each; prints its store path.
add_system() {
	local file
	rm -rf system
	mkdir -p system/etc
	for file; do
		mkdir -p "system/etc/${file%/*}"
		echo "AuthorizedKeysFile %h/.ssh/authorized_keys /keys/%u" >"system/etc/$file"
	done
	nix-store --add system
}

facts() {
	nix-instantiate --eval --strict --json "$TOP/tests/nix/facts.nix" | jq ".$1"
}

manifest() {
	facts bios | jq "$2" >facts.json
	"$TOP/iso/make-manifest" "$1" facts.json | tee guest.json
}

configuration_is_kept() {
	local system
	system=$(add_system)
	manifest "$system" .
	jq -e --arg system "$system" --argjson files "$(find "$system" | wc -l)" --slurpfile facts facts.json \
		'. == $facts[0] + {version: 1, $system, $files, nar_bytes}' guest.json
	(($(jq .nar_bytes guest.json) == $(nix-store --dump "$system" | wc -c)))
	jq -e '.ssh.enabled and .swap.label == "guestswap"' guest.json
}

# ssh_is EXPECTED FILE…
ssh_is() {
	manifest "$(add_system "${@:2}")" 'del(.ssh, .swap)'
	jq -e --argjson expected "$1" '.ssh == $expected and (has("swap") | not)' guest.json
}

cd "$SCRATCH"
nix_setup
files='["%h/.ssh/authorized_keys","/keys/%u"]'
units=systemd/system
run_case "what the configuration says is in the manifest, with the closure's sizes" \
	configuration_is_kept
run_case "without that, sshd's unit and configuration in the system's etc count" ssh_is \
	"{\"enabled\":true,\"authorized_keys_files\":$files}" \
	$units/multi-user.target.wants/sshd.service ssh/sshd_config
run_case "its socket counts like its service" ssh_is \
	"{\"enabled\":true,\"authorized_keys_files\":$files}" \
	$units/sockets.target.wants/sshd.socket ssh/sshd_config
run_case "a system without a server has none" ssh_is '{"enabled":false,"authorized_keys_files":[]}'
