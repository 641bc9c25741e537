# SPDX-License-Identifier: MIT
# Guests as people configure them, with the genuine modules of a nixpkgs. A tree with
# nixos/ and lib/ alone is enough: packages are stand-ins, which no fact needs.
{ nixpkgs }:
let
  lib = import (nixpkgs + "/lib");
  package = name: {
    type = "derivation";
    inherit name;
    outPath = "/nix/store/00000000000000000000000000000000-${name}";
    drvPath = "/nix/store/00000000000000000000000000000000-${name}.drv";
    version = "1.0";
    meta = { };
    passthru = { };
    override = _: package name;
    out = package name;
  };
  platform = lib.systems.elaborate "x86_64-linux";
  format = _: {
    type = lib.types.anything;
    generate = name: _: package name;
  };
  pkgs =
    lib.genAttrs [
      "bash"
      "coreutils"
      "dosfstools"
      "e2fsprogs"
      "nix"
      "openssh"
      "qemu"
      "systemd"
      "util-linux"
    ] package
    // {
      inherit lib;
      path = nixpkgs;
      runtimeShell = "/bin/sh";
      writeScript = name: _: package name;
      bashInteractive = package "bash" // {
        shellPath = "/bin/bash";
      };
      shadow = package "shadow" // {
        shellPath = "/bin/nologin";
      };
      config = { };
      overlays = [ ];
      stdenv = {
        hostPlatform = platform;
        buildPlatform = platform;
      };
      formats = lib.genAttrs [
        "hocon"
        "ini"
        "iniWithGlobalSection"
        "javaProperties"
        "json"
        "keyValue"
        "libconfig"
        "lua"
        "php"
        "pythonVars"
        "systemd"
        "toml"
        "xml"
        "yaml"
      ] (_: format);
    };

  facts =
    layout: guest:
    import ../../iso/facts.nix { inherit lib; } (import (nixpkgs + "/nixos/lib/eval-config.nix") {
      inherit lib;
      system = null;
      modules = [
        guest
        (import ../../iso/layouts).${layout}
        ../../iso/own-disk.nix
        {
          nixpkgs.hostPlatform = "x86_64-linux";
          _module.args.pkgs = lib.mkForce pkgs;
        }
      ];
    }).config;

  mounts = path: device: fsType: { fileSystems.${path} = { inherit device fsType; }; };
  label = name: "/dev/disk/by-label/${name}";
  uuid = "0a1b2c3d-0000-4000-8000-000000000000";
  imports = path: { imports = [ (nixpkgs + "/nixos/modules/${path}") ]; };
in
{
  bios = facts "bios" { };
  gpt = facts "gpt" { };
  pygrub = facts "pygrub" { };
  direct = facts "direct" { };
  # separateBoot and separateBootFat of nixos/tests/installer.nix, with ext4.
  boot = facts "bios" (mounts "/boot" (label "boot") "ext4");
  boot-fat = facts "bios" (mounts "/boot" (label "BOOT") "vfat");
  boot-and-esp = facts "gpt" {
    boot.loader.efi.efiSysMountPoint = "/boot/efi";
    fileSystems."/boot" = {
      device = "/dev/disk/by-uuid/${uuid}";
      fsType = "ext4";
    };
  };
  grub-uefi = facts "gpt" {
    boot.loader.grub.device = "nodev";
    fileSystems."/boot" = {
      device = label "boot";
      fsType = "vfat";
    };
  };
  grub-devices = facts "bios" { boot.loader.grub.devices = [ "/dev/vda" ]; };
  grub-mirrored = facts "bios" {
    boot.loader.grub = {
      device = "";
      mirroredBoots = [
        {
          devices = [ "/dev/vda" ];
          path = "/boot";
        }
      ];
    };
  };
  systemd-boot = facts "gpt" {
    boot.loader = {
      systemd-boot.enable = true;
      efi.canTouchEfiVariables = true;
    };
  };
  # The options of systemd-boot that change its menu. The tree's own gptAutoRoot has no "/".
  systemd-boot-options = facts "gpt" {
    boot = {
      initrd.systemd = {
        enable = true;
        root = "gpt-auto";
      };
      loader.systemd-boot = {
        enable = true;
        bootCounting.enable = true;
        graceful = true;
      };
    };
  };
  external = facts "gpt" {
    boot.loader.external = {
      enable = true;
      installHook = "/bin/true";
    };
  };
  grub-sda = facts "bios" { boot.loader.grub.device = "/dev/sda"; };
  esp-elsewhere = facts "gpt" {
    boot.loader = {
      systemd-boot.enable = true;
      efi.efiSysMountPoint = "/efi";
    };
  };
  esp-of-the-guest = facts "gpt" {
    boot.loader.efi.efiSysMountPoint = "/boot/efi";
    fileSystems."/boot/efi" = {
      device = "/dev/disk/by-uuid/ABCD-1234";
      fsType = "vfat";
    };
  };
  allow-users = facts "bios" {
    services.openssh.settings = {
      PermitRootLogin = "no";
      AllowUsers = [ "alice" ];
    };
  };
  firewalled = facts "bios" { services.openssh.openFirewall = false; };
  # How /etc and the accounts come about.
  sysusers = facts "gpt" {
    systemd.sysusers.enable = true;
    users = {
      users = {
        root.initialHashedPassword = "!";
        operator = {
          isSystemUser = true;
          uid = 999;
          group = "users";
          extraGroups = [ "wheel" ];
          home = "/srv/operator";
          shell = "/run/current-system/sw/bin/bash";
        };
        # Without a number, and with one whose group has none.
        alice = {
          isSystemUser = true;
          group = "users";
          useDefaultShell = true;
        };
        carol = {
          isSystemUser = true;
          uid = 998;
          group = "carol";
          useDefaultShell = true;
        };
      };
      groups.carol = { };
    };
  };
  etc-overlay = facts "gpt" {
    boot.initrd.systemd.enable = true;
    system.etc.overlay.enable = true;
  };
  etc-immutable = facts "gpt" {
    boot.initrd.systemd.enable = true;
    systemd.sysusers.enable = true;
    system.etc.overlay = {
      enable = true;
      mutable = false;
    };
  };
  switchless = facts "gpt" {
    boot.loader.systemd-boot.enable = true;
    system.switch.enable = false;
  };
  inactivatable = facts "gpt" {
    boot.loader.systemd-boot.enable = true;
    system.activatable = false;
  };
  perlless-direct = facts "direct" (imports "profiles/perlless.nix");
  by-uuid = facts "bios" (mounts "/" "/dev/disk/by-uuid/${uuid}" "ext4");
  by-partition = facts "gpt" {
    fileSystems."/" = lib.mkForce {
      device = "/dev/disk/by-partlabel/disk-main-root";
      fsType = "ext4";
      autoResize = true;
    };
    boot.growPartition = true;
    swapDevices = [ { device = "/dev/disk/by-partuuid/${uuid}"; } ];
  };
  swap-file = facts "bios" {
    swapDevices = [ { device = "/swapfile"; } ];
    zramSwap.enable = true;
  };
  qemu-vm = facts "gpt" (imports "virtualisation/qemu-vm.nix");
  qemu-vm-direct = facts "direct" (imports "virtualisation/qemu-vm.nix");
  xen-domU-direct = facts "direct" (imports "virtualisation/xen-domU.nix");

  refused = {
    external-bios = facts "bios" {
      boot.loader.external = {
        enable = true;
        installHook = "/bin/true";
      };
    };
    xbootldr = facts "gpt" {
      boot.loader = {
        systemd-boot = {
          enable = true;
          xbootldrMountPoint = "/boot";
        };
        efi.efiSysMountPoint = "/efi";
      };
      fileSystems."/boot" = {
        device = "/dev/vda2";
        fsType = "vfat";
      };
    };
    auto-root = facts "gpt" {
      boot.initrd.systemd = {
        enable = true;
        root = "gpt-auto";
      };
    };
    grub-by-id = facts "bios" { boot.loader.grub.device = "/dev/disk/by-id/scsi-0"; };
    perlless = facts "gpt" (imports "profiles/perlless.nix");
    xen-domU = facts "bios" (imports "virtualisation/xen-domU.nix");
    luks = facts "bios" {
      boot.initrd.luks.devices.root.device = "/dev/vda2";
    };
    mapper = facts "bios" (mounts "/" "/dev/mapper/root" "ext4");
    btrfs = facts "bios" (mounts "/" (label "nixos") "btrfs");
    tmpfs = facts "bios" (mounts "/" "none" "tmpfs");
    by-partlabel = facts "bios" (mounts "/" "/dev/disk/by-partlabel/root" "ext4");
    by-name = facts "bios" (mounts "/" "/dev/vda1" "ext4");
    grub-elsewhere = facts "bios" { boot.loader.grub.devices = [ "/dev/disk/by-id/scsi-0" ]; };
    long-label = facts "gpt" (mounts "/boot" (label "EFI-SYSTEM-PARTITION") "vfat");
    # The configurations of nixos/tests/installer.nix with other file systems and devices than ext4 and FAT
    # on partitions.
    zfs-boot = facts "bios" (mounts "/boot" "bpool/boot" "zfs");
    zfs-root = facts "bios" {
      imports = [
        (mounts "/" "rpool/root" "zfs")
        (mounts "/usr" "rpool/root/usr" "zfs")
      ];
      networking.hostId = "00000000";
    };
    lvm = facts "bios" (mounts "/" "/dev/disk/by-uuid/${uuid}" "xfs");
    encrypted-fs = facts "bios" {
      fileSystems."/test" = {
        device = label "test";
        fsType = "ext3";
        encrypted = {
          enable = true;
          blkDev = "/dev/vda3";
          label = "crypt";
          keyFile = "/mnt-root/keyfile";
        };
      };
    };
    swraid = facts "bios" {
      imports = [ (mounts "/" "/dev/disk/by-uuid/${uuid}" "ext4") ];
      boot.swraid = {
        enable = true;
        mdadmConf = "ARRAY /dev/md0 UUID=${uuid}";
      };
    };
    ext3 = facts "bios" (mounts "/" "/dev/disk/by-uuid/${uuid}" "ext3");
    bcachefs = facts "bios" (mounts "/" "/dev/vda3" "bcachefs");
    btrfs-subvolume = facts "bios" {
      fileSystems = {
        "/" = {
          device = "/dev/disk/by-uuid/${uuid}";
          fsType = "btrfs";
          options = [ "subvol=nixos/default" ];
        };
        "/boot" = {
          device = "/dev/disk/by-uuid/${uuid}";
          fsType = "btrfs";
          options = [ "subvol=boot" ];
        };
      };
    };
    stratis = facts "gpt" (mounts "/" "/dev/stratis/my-pool/nixos" "xfs");
    resume = facts "bios" { boot.resumeDevice = "/dev/disk/by-uuid/${uuid}"; };
    home = facts "bios" (mounts "/home" (label "home") "ext4");
  };
}
