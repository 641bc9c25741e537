# Written by guest-installer: what this guest's disk, its host and its owner need.
{ lib, options, ... }:
{
  imports = [ ./guest-installer/bios.nix ];

  virtualisation = lib.optionalAttrs (options.virtualisation ? fileSystems) {
    fileSystems = lib.mkForce { };
  };

  boot.loader.grub.enable = lib.mkForce true;
  boot.loader.systemd-boot.enable = lib.mkForce false;
  boot.loader.grub.device = lib.mkForce "/dev/vda";
  boot.loader.grub.devices = lib.mkForce [ "/dev/vda" ];
  swapDevices = [ { device = "/dev/disk/by-label/swap"; } ];

  networking.hostName = lib.mkForce "guest";

  services.openssh.enable = lib.mkForce true;
  services.openssh.authorizedKeysFiles = [ "%h/.ssh/authorized_keys" ];
  users.users."root".openssh.authorizedKeys.keys = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJCkuPlvbTn2Mp alice@host"
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJCkuPlvbTn2Mp alice@host"
  ];
}
