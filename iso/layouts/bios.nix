# SPDX-License-Identifier: MIT
# guest-installer, layout bios: MBR, one ext4 partition `nixos`, GRUB in the gap
# before it.
{ lib, ... }:
{
  imports = [ ./grub.nix ];

  guestInstaller.layout = "bios";

  # There is no EFI system partition.
  boot.loader.systemd-boot.enable = lib.mkOverride 60 false;
}
