# SPDX-License-Identifier: MIT
# guest-installer, layout gpt: an ext4 partition `nixos` and an EFI system
# partition on /boot, or where boot.loader.efi.efiSysMountPoint says; starts by BIOS
# and by UEFI.
{ config, lib, ... }:
let
  # Lower priority than the device that nixpkgs derives from a `label`.
  weak = lib.mkOverride ((lib.mkOptionDefault null).priority - 1);
  # Weaker than mkDefault: the modules of other boot loaders and profiles win.
  modest = lib.mkOverride 1100;
in
{
  imports = [ ./grub.nix ];

  guestInstaller.layout = "gpt";

  fileSystems.${config.boot.loader.efi.efiSysMountPoint} = {
    device = weak "/dev/disk/by-label/ESP";
    fsType = modest "vfat";
    options = modest [
      "fmask=0077"
      "dmask=0077"
    ];
  };

  # The removable path needs no firmware variables, which do not move with the disk
  # to another machine.
  boot.loader = {
    efi.canTouchEfiVariables = lib.mkOverride 60 false;
    grub = {
      efiSupport = modest true;
      efiInstallAsRemovable = modest config.boot.loader.grub.efiSupport;
    };
  };
}
