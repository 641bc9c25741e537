#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# nix_iso.sh — proves that the lean ISO as Nix makes it installs its guest: the same scripts, called
# by iso/lean.nix, with the distribution's programs in place of nixpkgs' (tests/nix/pkgs.nix)
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../../iso/lib.sh
source "$TOP/iso/lib.sh"

# Without the sandbox: to mount /usr/bin/env in a sandbox that has the host's /usr, Nix would empty the
# host's file.
build_by_nix() {
	nix_setup
	nix-build "$TOP/tests/nix/lean.nix" --arg debs "$debs_dir" -o result \
		--arg installer "$TOP/build/guest-installer" \
		--arg mkfsFat "$("$TOP/installer/static-libs")/bin/mkfs.fat"
}

settings_are_its_own() {
	local key
	mkdir initramfs
	zstd -dc "$boot/initrd.img" | (cd initramfs && cpio -i --quiet)
	cat initramfs/etc/guest-installer.conf
	grep -x 'timeout = 1800' initramfs/etc/guest-installer.conf
	key=$(sed -n 's/^trusted-keys = //p' initramfs/etc/guest-installer.conf)
	[[ $key == guest-installer-1:* && $key != "$(cat "$cache_dir/signing-key.pub")" ]]
}

installs() {
	local arguments
	truncate -s 2G disk
	give_keys
	mapfile -t arguments < <(disk disk && key_drive keys)
	run_installer console "${arguments[@]}"
	expect_verdict console INSTALL_SUCCESSFUL
	[[ $(mark_state disk) == 2 ]]
}

# The guest has what mkGuestIso added to its configuration, as one module that needs no other file.
has_its_layout() {
	debugfs -R 'cat /etc/nixos/guest-installer.nix' "disk?offset=$((514 * 1024 * 1024))" >rebuild.nix
	grep -F 'guestInstaller.layout = "gpt";' rebuild.nix
	nix-instantiate --parse rebuild.nix >parsed
	if grep -F '/layouts/' parsed; then return 1; fi
	nix-instantiate --eval --json rebuild.nix -A users.users.root.openssh.authorizedKeys.keys >keys.json
	jq -e --arg key "ssh-ed25519 AAAA it's \"me\" \${} \\" '. == [$key]' keys.json
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "Nix builds the lean ISO of a guest" build_by_nix
enough
ISO=$(echo result/iso/*.iso)
take_boot_files
run_case "its settings are those of the call, with the key of its own cache" settings_are_its_own
run_case "it installs its guest" installs
run_case "the layout is in the guest for later rebuilds" has_its_layout
