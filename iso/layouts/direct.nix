# SPDX-License-Identifier: MIT
# One partition `NIXOS` and no boot loader: the host starts the kernel itself.
{ lib, ... }:
{
  imports = [ ./xen.nix ];

  guestInstaller.layout = "direct";

  fileSystems."/" = lib.mkDefault {
    device = "/dev/disk/by-label/NIXOS";
    fsType = "ext4";
  };

  boot.loader.grub.enable = false;
  # NixOS still leaves a /sbin/init that names the newest system.
  boot.loader.initScript.enable = lib.mkDefault true;
}
