# SPDX-License-Identifier: MIT
# The facts of a guest's manifest, from configurations of each kind.
let
  lib = import ./standin.nix;
  facts = import ../../iso/facts.nix { inherit lib; };
  ext4 = device: {
    inherit device;
    mountPoint = "/";
    fsType = "ext4";
  };
  config =
    {
      layout,
      fileSystems,
      grub ? { },
      systemd-boot ? false,
      swapDevices ? [ ],
    }:
    {
      guestInstaller.layout = layout;
      inherit fileSystems swapDevices;
      boot.loader = {
        grub = {
          enable = false;
          efiSupport = false;
          efiInstallAsRemovable = false;
          device = "";
          devices = [ ];
        }
        // grub;
        systemd-boot.enable = systemd-boot;
      };
      services.openssh = {
        enable = true;
        authorizedKeysFiles = [ "/etc/ssh/authorized_keys.d/%u" ];
      };
    };
  esp = {
    device = "/dev/disk/by-label/ESP";
    mountPoint = "/boot";
    fsType = "vfat";
  };
  tmp = {
    device = "tmpfs";
    mountPoint = "/tmp";
    fsType = "tmpfs";
  };
  grubOn = device: {
    enable = true;
    inherit device;
  };
in
builtins.mapAttrs (_: x: facts (config x)) {
  bios = {
    layout = "bios";
    fileSystems = {
      "/" = ext4 "/dev/disk/by-label/nixos";
      "/tmp" = tmp;
    };
    grub = grubOn "/dev/vda";
    swapDevices = [
      {
        device = "/var/swap";
        size = 1024;
      }
      {
        device = "/dev/disk/by-label/guestswap";
        size = null;
      }
    ];
  };
  gpt = {
    layout = "gpt";
    fileSystems = {
      "/boot" = esp;
      "/" = ext4 "/dev/disk/by-uuid/0a1b2c3d-0000-4000-8000-000000000000";
    };
    grub = grubOn "/dev/vda" // {
      efiSupport = true;
      efiInstallAsRemovable = true;
    };
  };
  # It would register itself with a firmware, and the installer refuses that.
  not-removable = {
    layout = "gpt";
    fileSystems = {
      "/boot" = esp;
      "/" = ext4 "/dev/disk/by-label/nixos";
    };
    grub = grubOn "nodev" // {
      efiSupport = true;
    };
  };
  systemd-boot = {
    layout = "gpt";
    fileSystems = {
      "/boot" = esp;
      "/" = ext4 "/dev/disk/by-label/nixos";
    };
    systemd-boot = true;
  };
  pygrub = {
    layout = "pygrub";
    fileSystems = {
      "/boot" = ext4 "/dev/xvda" // {
        mountPoint = "/boot";
      };
      "/" = ext4 "/dev/xvdb";
    };
    grub = grubOn "nodev";
  };
  direct = {
    layout = "direct";
    fileSystems."/" = ext4 "/dev/disk/by-label/NIXOS";
  };
}
