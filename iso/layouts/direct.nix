# SPDX-License-Identifier: MIT
# guest-installer, layout direct: one partition `NIXOS` and no boot loader; the
# host starts the kernel itself.
{ lib, options, ... }:
let
  # Lower priority than the device that nixpkgs derives from a `label`.
  weak = lib.mkOverride ((lib.mkOptionDefault null).priority - 1);
  # Weaker than mkDefault: the modules of other boot loaders and profiles win.
  modest = lib.mkOverride 1100;
in
{
  imports = [ ./xen.nix ];

  guestInstaller.layout = "direct";

  fileSystems."/" = {
    device = weak "/dev/disk/by-label/NIXOS";
    fsType = modest "ext4";
  };

  boot.loader = {
    grub.enable = lib.mkOverride 60 false;
    systemd-boot.enable = lib.mkOverride 60 false;
  }
  # NixOS then still writes a /sbin/init that starts the newest system.
  // lib.optionalAttrs (options.boot.loader ? initScript) {
    initScript.enable = modest true;
  };
}
