# SPDX-License-Identifier: MIT
# guest-installer, layout gpt: an ext4 partition `nixos` and an EFI system
# partition on /boot; starts by BIOS and by UEFI.
{ config, lib, ... }:
let
  # Lower priority than the device that nixpkgs derives from a `label`.
  weak = lib.mkOverride ((lib.mkOptionDefault null).priority - 1);
in
{
  imports = [ ./grub.nix ];

  guestInstaller.layout = "gpt";

  fileSystems."/boot" = {
    device = weak "/dev/disk/by-label/ESP";
    fsType = lib.mkDefault "vfat";
    options = lib.mkDefault [
      "fmask=0077"
      "dmask=0077"
    ];
  };

  # The removable path needs no firmware variables, which do not move with the disk
  # to another machine.
  boot.loader = {
    efi.canTouchEfiVariables = lib.mkOverride 60 false;
    grub = {
      efiSupport = lib.mkDefault true;
      efiInstallAsRemovable = lib.mkDefault config.boot.loader.grub.efiSupport;
    };
  };
}
