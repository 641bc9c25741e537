# SPDX-License-Identifier: MIT
# GPT with an EFI system partition on /boot; starts by BIOS and by UEFI.
{ lib, ... }:
{
  imports = [ ./grub.nix ];

  guestInstaller.layout = "gpt";

  fileSystems."/boot" = lib.mkDefault {
    device = "/dev/disk/by-label/ESP";
    fsType = "vfat";
    options = [
      "fmask=0077"
      "dmask=0077"
    ];
  };

  # The removable path needs no variables of the firmware, which a disk that
  # moves to another machine does not take along.
  boot.loader = {
    efi.canTouchEfiVariables = lib.mkDefault false;
    grub = {
      efiSupport = lib.mkDefault true;
      efiInstallAsRemovable = lib.mkDefault true;
    };
  };
}
