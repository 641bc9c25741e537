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

  # Accounts that are created at boot.
  shell = "/run/current-system/sw/bin/bash";
  root = {
    name = "root";
    uid = 0;
    group = "root";
    gid = 0;
    home = "/root";
    inherit shell;
    locked = false;
  };
  operator = {
    name = "operator";
    uid = 1000;
    group = "operator";
    gid = 1000;
    home = "/home/operator";
    inherit shell;
    locked = false;
  };
  sshd = {
    name = "sshd";
    uid = 998;
    group = "sshd";
    gid = 998;
    home = "/var/empty";
    shell = "/run/current-system/sw/bin/nologin";
    locked = true;
  };
in
rec {
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

  # With a specialisation: a second entry of the menu.
  bios = {
    layout = "bios";
    specialisation = true;
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

  # With a partition for /boot, and the EFI system partition below it.
  boot = {
    name = "boot";
    layout = "gpt";
    mounts = [
      {
        path = "/";
        fstype = "ext4";
        label = "nixos";
      }
      {
        path = "/boot";
        fstype = "ext4";
        label = "boot";
      }
      {
        path = "/boot/efi";
        fstype = "vfat";
        label = "ESP";
      }
    ];
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

  # With a FAT partition for /boot, and a BIOS.
  boot-fat = {
    name = "boot-fat";
    layout = "bios";
    mounts = [
      {
        path = "/";
        fstype = "ext4";
        label = "nixos";
      }
      {
        path = "/boot";
        fstype = "vfat";
        label = "BOOT";
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

  # /etc is a writable overlay, which activation mounts, and systemd-sysusers creates the accounts at
  # each boot.
  overlay = direct // {
    name = "overlay";
    etc = {
      overlay = true;
      mutable = true;
    };
    users = [
      root
      operator
      sshd
    ];
  };

  # /etc is a read-only overlay, and the system has no activation script, no switch-to-configuration
  # and so no way to install another generation: an appliance. Its stage 1 is real systemd, and its boot
  # loader an external program that writes unified kernel images.
  sealed = systemd-boot // {
    name = "sealed";
    bootloader = {
      type = "external";
      device = "nodev";
      efi = true;
    };
    activation = false;
    systemdInitrd = true;
    etc = {
      overlay = true;
      mutable = false;
    };
    users = [
      root
      sshd
    ];
  };
}
