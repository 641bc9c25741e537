# SPDX-License-Identifier: MIT
# MBR, one ext4 partition `nixos`, GRUB in the gap before it.
{ ... }:
{
  imports = [ ./grub.nix ];

  guestInstaller.layout = "bios";
}
