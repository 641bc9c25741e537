#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# target.sh — proves with the nixpkgs in NIXPKGS that the /etc/nixos of the engine nixos-install is a
# system that fits the disk, with any configuration of the user, and that the layout modules alone
# are, too
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

: "${NIXPKGS:?is not set: make check-nix NIXPKGS=FOLDER}"
UUID=3f0e2a8c-6f0d-4c6f-8d5e-0a1b2c3d4e5f

# file_system PATH DEVICE TYPE — prints a file system as nixos-generate-config writes it.
file_system() {
	printf '  fileSystems."%s" =\n    { device = "/dev/disk/by-uuid/%s";\n      fsType = "%s";\n    };\n\n' \
		"$1" "$2" "$3"
}

# hardware LAYOUT — hardware-configuration.nix of a machine under QEMU.
hardware() {
	echo '{ config, lib, pkgs, modulesPath, ... }:

{
  imports =
    [ (modulesPath + "/profiles/qemu-guest.nix")
    ];

  boot.initrd.availableKernelModules = [ "ata_piix" "uhci_hcd" "virtio_pci" "floppy" "sr_mod" "virtio_blk" ];
  boot.initrd.kernelModules = [ ];
  boot.kernelModules = [ ];
  boot.extraModulePackages = [ ];
'
	file_system / "$UUID" ext4
	case $1 in
	gpt) file_system /boot 1A2B-3C4D vfat ;;
	pygrub) file_system /boot "${UUID%f}0" ext4 ;;
	esac
	echo '  swapDevices = [ ];'
	if grep -qs hostPlatform "$NIXPKGS/nixos/modules/misc/nixpkgs.nix"; then
		echo '  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";'
	fi
	echo '}'
}

# make_target LAYOUT GUEST — writes /etc/nixos with the modules that this layout imports.
make_target() {
	local folder=$1-$2 module=$1.nix
	mkdir -p "$folder/guest-installer"
	while [[ $module ]]; do
		cp "$TOP/iso/layouts/$module" "$folder/guest-installer/"
		module=$(sed -nE 's,^  imports = \[ \./([a-z]+\.nix) \];$,\1,p' "$TOP/iso/layouts/$module")
	done
	hardware "$1" >"$folder/hardware-configuration.nix"
	cp "$TOP/tests/unit/golden/nixconfig/$1.nix" "$folder/guest-installer.nix"
	cp "$2.nix" "$folder/guest.nix"
	echo '{ imports = [ ./hardware-configuration.nix ./guest-installer.nix ./guest.nix ]; }' \
		>"$folder/configuration.nix"
}

# evaluate FOLDER
evaluate() {
	nix-instantiate --eval --strict --json --option allow-import-from-derivation false \
		"$TOP/tests/nixpkgs/target.nix" \
		--arg nixpkgs "$NIXPKGS" \
		--arg folder "$PWD/$1" | tee target.json
}

# says FACTS
says() {
	jq -e --argjson facts "$1" '
		(.drvPath | test("^/nix/store/.*\\.drv$")) and .facts.ssh.enabled and
		(.facts | {boot: [.bootloader[]], firmware, swap, paths: [.mounts[].path]}) == $facts
		' target.json
}

# fits LAYOUT GUEST FACTS
fits() {
	make_target "$1" "$2"
	evaluate "$1-$2"
	says "$3"
	jq -e --arg layout "$1" --arg guest "$2" --arg uuid "$UUID" '
		((.options == ["noatime"]) == ($guest == "foreign")) and
		.facts.layout == $layout and .hostName == "guest" and (.keys | length) > 0 and
		($layout == "pygrub" or .facts.mounts[0].uuid == $uuid)' target.json
}

# alone LAYOUT FACTS — checks the layout's module with a configuration for UEFI and nothing else.
alone() {
	make_target "$1" generated
	echo "{ imports = [ ./guest-installer/$1.nix ./guest.nix ]; }" >"$1-generated/configuration.nix"
	echo '{ }' >"$1-generated/hardware-configuration.nix"
	evaluate "$1-generated"
	says "$2"
}

cd "$SCRATCH"
# The output of nixos-generate-config on a machine booted by UEFI, without its comments.
cat >generated.nix <<'END'
{ config, lib, pkgs, ... }:
{
  imports = [ ./hardware-configuration.nix ];
  boot.loader.systemd-boot.enable = true;
  boot.loader.efi.canTouchEfiVariables = true;
  system.stateVersion = "18.03";
}
END
# A configuration for another machine.
cat >foreign.nix <<'END'
{
  networking.hostName = "laptop";
  boot.loader.grub = {
    enable = true;
    device = "/dev/sda";
  };
  services.openssh.enable = false;
  boot.kernelParams = [ "console=ttyS1" ];
  fileSystems."/".options = [ "noatime" ];
}
END
while read -r layout facts; do
	for guest in generated foreign; do
		run_case "layout $layout with a $guest configuration" fits "$layout" $guest "$facts"
	done
done <<'END'
bios {"boot":["/dev/vda",false,"grub"],"firmware":["bios"],"swap":{"label":"swap"},"paths":["/"]}
gpt {"boot":["/dev/vda",true,"grub"],"firmware":["bios","uefi"],"swap":null,"paths":["/","/boot"]}
pygrub {"boot":["nodev",false,"grub"],"firmware":[],"swap":null,"paths":["/","/boot"]}
direct {"boot":["nodev",false,"none"],"firmware":[],"swap":null,"paths":["/"]}
END
while read -r layout facts; do
	run_case "the module of layout $layout with a configuration" alone "$layout" "$facts"
done <<'END'
bios {"boot":["/dev/vda",false,"grub"],"firmware":["bios"],"swap":null,"paths":["/"]}
gpt {"boot":["nodev",true,"systemd-boot"],"firmware":["uefi"],"swap":null,"paths":["/","/boot"]}
pygrub {"boot":["nodev",false,"grub"],"firmware":[],"swap":null,"paths":["/","/boot"]}
direct {"boot":["nodev",false,"none"],"firmware":[],"swap":null,"paths":["/"]}
END
