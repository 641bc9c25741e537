# SPDX-License-Identifier: MIT
# guest-installer, layouts bios and gpt: GRUB on a virtio disk, and a serial
# console from the first line.
{ config, lib, ... }:
let
  # Lower priority than the device that nixpkgs derives from a `label`.
  weak = lib.mkOverride ((lib.mkOptionDefault null).priority - 1);
  # Weaker than mkDefault: the modules of other boot loaders and profiles win.
  modest = lib.mkOverride 1100;

  # The other boot loaders of nixpkgs. Not all of them set grub.enable.
  others = builtins.any (name: config.boot.loader.${name}.enable or false) [
    "external"
    "generic-extlinux-compatible"
    "limine"
    "refind"
    "systemd-boot"
  ];
in
{
  imports = [ ./common.nix ];

  fileSystems."/" = {
    device = weak "/dev/disk/by-label/nixos";
    fsType = modest "ext4";
  };

  boot = {
    kernelParams = [
      "console=tty0"
      "console=ttyS0,115200n8"
    ];
    loader = {
      timeout = modest 1;
      grub = {
        enable = modest (!others);
        device = modest "/dev/vda";
        extraConfig = ''
          serial --unit=0 --speed=115200
          terminal_input serial console
          terminal_output serial console
        '';
      };
    };
  };
}
