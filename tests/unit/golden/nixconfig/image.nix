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
    device = lib.mkForce "/dev/disk/by-uuid/0a267e01-d782-8591-a553-cc854be7e43c";
    fsType = lib.mkForce "ext4";
  };
}
