# SPDX-License-Identifier: MIT
# Expressions that the evaluation refuses, each with one sentence.
let
  lib = import ./standin.nix;
  config = {
    guestInstaller.layout = "bios";
    fileSystems."/" = fileSystem "/" "/dev/disk/by-label/nixos" "ext4";
    swapDevices = [ ];
    boot.loader = {
      efi.efiSysMountPoint = "/boot";
      grub = {
        enable = true;
        device = "/dev/vda";
        efiSupport = false;
        efiInstallAsRemovable = false;
      };
    };
    services.openssh = {
      enable = true;
      authorizedKeysFiles = [ ];
    };
  };
  fileSystem = mountPoint: device: fsType: {
    inherit mountPoint device fsType;
    neededForBoot = false;
    options = [ ];
  };
  facts = import ../../iso/facts.nix { inherit lib; };
  mounts = mountPoint: device: fsType: facts (
    config
    // {
      fileSystems = config.fileSystems // {
        ${mountPoint} = fileSystem mountPoint device fsType;
      };
    }
  );
  swaps = swapDevices: facts (config // { inherit swapDevices; });
  boots =
    layout: grub:
    facts (
      config
      // {
        guestInstaller = { inherit layout; };
        boot.loader = config.boot.loader // {
          grub = config.boot.loader.grub // grub;
        };
      }
    );
  loads =
    loader: settings:
    facts (
      config
      // {
        guestInstaller.layout = "gpt";
        fileSystems = config.fileSystems // {
          "/boot" = fileSystem "/boot" "/dev/disk/by-label/ESP" "vfat";
        };
        boot.loader = {
          inherit (config.boot.loader) efi;
          grub = config.boot.loader.grub // {
            enable = false;
          };
          ${loader} = settings // {
            enable = true;
          };
        };
      }
    );
  initrd = initrd: facts (config // { boot = config.boot // { inherit initrd; }; });
  esp = label: facts (
    config
    // {
      guestInstaller.layout = "gpt";
      fileSystems = config.fileSystems // {
        "/boot" = fileSystem "/boot" "/dev/disk/by-label/${label}" "vfat";
      };
    }
  );
  mkGuestIso = import ../../iso/guest-iso.nix { nixpkgs = "/nowhere"; };
  # A flake with a configuration that has no layout.
  flake = {
    outPath = "/nix/store/00000000000000000000000000000000-source";
    nixosConfigurations.web.config = { };
  };

  byLabel = label: { device = "/dev/disk/by-label/${label}"; };
in
{
  # The layout bios has no names of partitions.
  rootByPartition = mounts "/" "/dev/disk/by-partlabel/root" "ext4";
  pygrubByPartition = facts (
    config
    // {
      guestInstaller.layout = "pygrub";
      boot.loader = config.boot.loader // {
        grub = config.boot.loader.grub // {
          device = "nodev";
        };
      };
      fileSystems = {
        "/" = fileSystem "/" "PARTLABEL=root" "ext4";
        "/boot" = fileSystem "/boot" "/dev/xvda" "ext4";
      };
    }
  );
  otherByLabel = mounts "/data" "LABEL=data" "ext4";
  rootByDevice = mounts "/" "/dev/vda1" "ext4";
  swapByDevice = swaps [ { device = "/dev/vda2"; } ];
  twoSwaps = swaps [
    (byLabel "a")
    (byLabel "b")
  ];

  noRoot = facts (config // { fileSystems = { }; });
  otherRoot = mounts "/" "/dev/disk/by-label/nixos" "btrfs";
  rootInMemory = mounts "/" null "tmpfs";
  otherDisk = mounts "/data" "/dev/disk/by-label/data" "ext4";
  otherStore = mounts "/nix/.ro-store" "nix-store" "9p";
  noLoader = boots "bios" { enable = false; };
  efiWithBios = boots "bios" { efiSupport = true; };
  notRemovable = boots "gpt" { efiSupport = true; };
  grubOfHost = boots "direct" { };
  noBootDisk = boots "pygrub" { device = "nodev"; };

  limine = loads "limine" { };
  refind = loads "refind" { };
  xbootldr = loads "systemd-boot" { xbootldrMountPoint = "/boot/loader"; };
  externalWithBios = facts (
    config
    // {
      boot.loader = config.boot.loader // {
        grub = config.boot.loader.grub // {
          enable = false;
        };
        external.enable = true;
      };
    }
  );
  autoRoot = initrd { systemd.root = "gpt-auto"; };
  grubById = boots "bios" { device = "/dev/disk/by-id/virtio-root"; };
  grubNowhere = boots "bios" { device = "nodev"; };
  grubTwice = boots "bios" {
    mirroredBoots = map (device: {
      path = "/boot";
      devices = [ device ];
    }) [
      "/dev/vda"
      "/dev/vdb"
    ];
  };
  otherMenu = boots "bios" {
    mirroredBoots = [
      {
        path = "/menu";
        devices = [ "/dev/vda" ];
      }
    ];
  };
  rootInMapper = mounts "/" "/dev/mapper/root" "ext4";
  rootOnRaid = mounts "/" "/dev/md127" "ext4";
  encrypted = initrd {
    luks.devices.cryptroot.device = "/dev/disk/by-partlabel/luks";
  };
  encryptedAsList = initrd {
    luks.devices = [
      { name = "cryptroot"; }
    ];
  };
  arrays = facts (
    config
    // {
      boot = config.boot // {
        swraid.mdadmConf = "ARRAY /dev/md0";
      };
    }
  );
  bootOnZfs = mounts "/boot" "bpool/boot" "zfs";
  resume = facts (
    config
    // {
      boot = config.boot // {
        resumeDevice = "/dev/disk/by-label/swap";
      };
    }
  );
  longLabel = esp "twelve chars";
  oddLabel = esp "a.b";

  noGuest = mkGuestIso { layout = "gpt"; };
  twoGuests = mkGuestIso {
    configuration = { };
    inherit flake;
    name = "web";
  };
  noName = mkGuestIso { inherit flake; };
  noFragment = mkGuestIso { flake = "github:me/machines"; };
  nameTwice = mkGuestIso {
    flake = "github:me/machines#web";
    name = "mail";
  };
  noSuchName = mkGuestIso {
    inherit flake;
    name = "mail";
  };
  noLayout = mkGuestIso {
    inherit flake;
    name = "web";
  };
  noSuchLayout = mkGuestIso {
    configuration = { };
    layout = "zfs";
  };
  cannotExtend = mkGuestIso {
    inherit flake;
    name = "web";
    layout = "gpt";
  };
  noSuchFlavour = mkGuestIso {
    configuration = { };
    flavour = "fat";
  };
  leanBuilds = mkGuestIso {
    configuration = ./refusals.nix;
    settings.engine = "nixos-install";
  };
  leanExits = mkGuestIso {
    system = flake.nixosConfigurations.web;
    settings.on-failure = "exit";
  };
  flakeWithLayout = mkGuestIso {
    inherit flake;
    name = "web";
    layout = "gpt";
    settings.engine = "nixos-install";
    flavour = "full";
  };
  systemBuilt = mkGuestIso {
    system = flake.nixosConfigurations.web;
    settings.engine = "nixos-install";
    flavour = "full";
  };
  noFile = mkGuestIso {
    configuration = { };
    settings.engine = "nixos-install";
    flavour = "full";
  };
}
