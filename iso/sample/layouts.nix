# SPDX-License-Identifier: MIT
# The file systems and the boot loader of each sample guest. The manifest, the fstab
# and the boot loader's configuration of a guest are made from these facts. A guest is
# called by its layout unless it has a name.
let
  rootAndEsp = espLabel: [
    {
      path = "/";
      fstype = "ext4";
      label = "nixos";
    }
    {
      path = "/boot";
      fstype = "vfat";
      label = espLabel;
    }
  ];
in
{
  gpt = {
    layout = "gpt";
    mounts = rootAndEsp "ESP";
    bootloader = {
      type = "grub";
      device = "/dev/vda";
      efi = true;
    };
    firmware = [
      "bios"
      "uefi"
    ];
  };

  # GRUB for UEFI alone: a disk that no BIOS starts.
  grub-uefi = {
    name = "grub-uefi";
    layout = "gpt";
    mounts = rootAndEsp "boot";
    bootloader = {
      type = "grub";
      device = "nodev";
      efi = true;
    };
    firmware = [ "uefi" ];
  };

  # For UEFI alone: an entry of the Boot Loader Specification a generation.
  systemd-boot = {
    name = "systemd-boot";
    layout = "gpt";
    mounts = rootAndEsp "ESP";
    bootloader = {
      type = "systemd-boot";
      device = "nodev";
      efi = true;
    };
    firmware = [ "uefi" ];
  };

  bios = {
    layout = "bios";
    mounts = [
      {
        path = "/";
        fstype = "ext4";
        label = "nixos";
      }
    ];
    bootloader = {
      type = "grub";
      device = "/dev/vda";
      efi = false;
    };
    firmware = [ "bios" ];
  };

  # For Xen: pygrub in dom0 reads grub.cfg from the first disk.
  pygrub = {
    layout = "pygrub";
    mounts = [
      {
        path = "/";
        fstype = "ext4";
        label = "NIXROOT";
      }
      {
        path = "/boot";
        fstype = "ext4";
        label = "NIXBOOT";
      }
    ];
    bootloader = {
      type = "grub";
      device = "nodev";
      efi = false;
    };
    firmware = [ ];
  };

  # For hosts that start the kernel themselves.
  direct = {
    layout = "direct";
    mounts = [
      {
        path = "/";
        fstype = "ext4";
        label = "NIXOS";
      }
    ];
    bootloader = {
      type = "none";
      device = "nodev";
      efi = false;
    };
    firmware = [ ];
  };
}
