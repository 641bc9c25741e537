# SPDX-License-Identifier: MIT
# What the configuration of a guest of layout gpt says of file systems, boot loader and SSH server, as NixOS' own
# modules would have merged it.
{
  swapDevices = [ ];
  fileSystems = {
    "/" = {
      mountPoint = "/";
      device = "/dev/disk/by-label/nixos";
      fsType = "ext4";
    };
    "/boot" = {
      mountPoint = "/boot";
      device = "/dev/disk/by-label/ESP";
      fsType = "vfat";
    };
  };
  boot.loader = {
    efi.efiSysMountPoint = "/boot";
    grub = {
      enable = true;
      device = "/dev/vda";
      efiSupport = true;
      efiInstallAsRemovable = true;
    };
  };
  services.openssh = {
    enable = true;
    authorizedKeysFiles = [ ".ssh/authorized_keys" ];
  };
}
