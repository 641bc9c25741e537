# Written by guest-installer: what this guest's disk, its host and its owner need.
{ lib, options, ... }:
{
  imports = [ ./guest-installer/pygrub.nix ];

  virtualisation = lib.optionalAttrs (options.virtualisation ? fileSystems) {
    fileSystems = lib.mkForce { };
  };

  boot.loader.grub.enable = lib.mkForce true;
  boot.loader.systemd-boot.enable = lib.mkForce false;
  boot.loader.grub.device = lib.mkForce "nodev";
  boot.loader.grub.devices = lib.mkForce [ "nodev" ];
  fileSystems."/boot" = {
    device = lib.mkForce "/dev/xvda";
    fsType = lib.mkForce "ext4";
  };
  fileSystems."/" = {
    device = lib.mkForce "/dev/xvdb";
    fsType = lib.mkForce "ext4";
  };

  networking.hostName = lib.mkForce "guest";

  services.openssh.enable = lib.mkForce true;
  services.openssh.authorizedKeysFiles = [ "%h/.ssh/authorized_keys" ];
  users.users."root".openssh.authorizedKeys.keys = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJCkuPlvbTn2Mp alice@host"
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJCkuPlvbTn2Mp alice@host"
  ];
}
