# SPDX-License-Identifier: MIT
# guest-installer, layout direct: one partition `NIXOS` and no boot loader; the
# host starts the kernel itself.
{ lib, options, ... }:
{
  imports = [ ./xen.nix ];

  guestInstaller.layout = "direct";

  fileSystems."/" = lib.mkDefault {
    device = "/dev/disk/by-label/NIXOS";
    fsType = "ext4";
  };

  boot.loader = {
    grub.enable = lib.mkOverride 60 false;
    systemd-boot.enable = lib.mkOverride 60 false;
  }
  # NixOS then still leaves a /sbin/init that names the newest system.
  // lib.optionalAttrs (options.boot.loader ? initScript) {
    initScript.enable = lib.mkDefault true;
  };
}
