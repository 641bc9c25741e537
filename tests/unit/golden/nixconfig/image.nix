# Written by guest-installer: what this guest's disk, its host and its owner need.
{ lib, ... }:
{
  imports = [ ./guest-installer/direct.nix ];

  boot.loader.grub.enable = lib.mkForce false;
  boot.loader.systemd-boot.enable = lib.mkForce false;
  fileSystems."/" = lib.mkForce { device = "/dev/disk/by-label/NIXOS"; fsType = "ext4"; };
}
