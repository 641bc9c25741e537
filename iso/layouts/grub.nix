# SPDX-License-Identifier: MIT
# guest-installer, layouts bios and gpt: GRUB on a virtio disk, and a serial
# console from the first line on.
{ config, lib, ... }:
{
  imports = [ ./common.nix ];

  fileSystems."/" = lib.mkDefault {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };

  boot = {
    kernelParams = [
      "console=tty0"
      "console=ttyS0,115200n8"
    ];
    loader = {
      timeout = lib.mkDefault 1;
      grub = {
        enable = lib.mkDefault (!config.boot.loader.systemd-boot.enable);
        device = lib.mkDefault "/dev/vda";
        extraConfig = ''
          serial --unit=0 --speed=115200
          terminal_input serial console
          terminal_output serial console
        '';
      };
    };
  };
}
