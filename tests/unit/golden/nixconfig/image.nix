# Written by guest-installer: what this guest's disk, its host and its owner need.
{ lib, options, ... }:
{
  imports = [ ./guest-installer/direct.nix ];

  virtualisation = lib.optionalAttrs (options.virtualisation ? fileSystems) {
    fileSystems = lib.mkForce { };
  };

  boot.loader.grub.enable = lib.mkForce false;
  boot.loader.systemd-boot.enable = lib.mkForce false;
  fileSystems."/" = {
    device = lib.mkForce "/dev/disk/by-uuid/eecbd162-5b61-5aa4-a6d7-15661eff165e";
    fsType = lib.mkForce "ext4";
  };
}
