#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# manifest.sh — proves that make-manifest writes the sizes that Nix and find count, and takes the SSH
# settings from the facts, else from the system's etc
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../../iso/lib.sh
source "$TOP/iso/lib.sh"

# A separate store for this test.
export NIX_STORE_DIR=$SCRATCH/store NIX_STATE_DIR=$SCRATCH/state NIX_LOG_DIR=$SCRATCH/log

# add_system FILE… — adds a system with these one-line files in its etc; prints its store path.
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
		'. == $facts[0] + {version: 5, $system, $files, nar_bytes}' guest.json
	(($(jq .nar_bytes guest.json) == $(nix-store --dump "$system" | wc -c)))
	jq -e '.ssh.enabled and .swap.label == "guestswap"' guest.json
}

the_platform_is_the_systems() {
	mkdir -p arm/etc
	printf %s aarch64-linux >arm/system
	manifest "$(nix-store --add arm)" .
	jq -e '.platform == "aarch64-linux"' guest.json
	manifest "$(add_system)" .
	jq -e 'has("platform") | not' guest.json
}

# To which a system without switch-to-configuration does not refer.
the_boot_loaders_installer_counts() {
	local system installer
	system=$(add_system)
	echo 'exit 0' >install-grub.sh
	installer=$(nix-store --add install-grub.sh)
	manifest "$system" ".bootloader.installer = \"$installer\""
	(($(jq .nar_bytes guest.json) == $(nix-store --dump "$system" | wc -c) + $(nix-store --dump "$installer" | wc -c)))
	jq -e --argjson files "$(find "$system" "$installer" | wc -l)" '.files == $files' guest.json
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
run_case "the platform is what the system says" the_platform_is_the_systems
run_case "the manifest has the facts of the configuration and the sizes of the closure" \
	configuration_is_kept
run_case "the closure of the boot loader's installer counts, too" the_boot_loaders_installer_counts
run_case "without facts on ssh, sshd's unit and configuration in the system's etc count" ssh_is \
	"{\"enabled\":true,\"authorized_keys_files\":$files}" \
	$units/multi-user.target.wants/sshd.service ssh/sshd_config
run_case "its socket counts like its service" ssh_is \
	"{\"enabled\":true,\"authorized_keys_files\":$files}" \
	$units/sockets.target.wants/sshd.socket ssh/sshd_config
run_case "for a system without an SSH server, ssh is disabled" ssh_is '{"enabled":false,"authorized_keys_files":[]}'
