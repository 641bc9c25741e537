# SPDX-License-Identifier: MIT
# guest-installer, layouts bios and gpt: GRUB on a virtio disk, and a serial
# console from the first line.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  # Machines of 64-bit ARM have no BIOS, and their firmware drives the serial port.
  isArm = pkgs.stdenv.hostPlatform.isAarch64 or false;
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
      (if isArm then "console=ttyAMA0,115200n8" else "console=ttyS0,115200n8")
    ];
    loader = {
      timeout = modest 1;
      grub = {
        enable = modest (!others);
        device = modest (if isArm then "nodev" else "/dev/vda");
        extraConfig = lib.mkIf (!isArm) ''
          serial --unit=0 --speed=115200
          terminal_input serial console
          terminal_output serial console
        '';
      };
    };
  };
}
