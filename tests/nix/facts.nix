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
  fileSystem = {
    neededForBoot = false;
    options = [ "defaults" ];
  };
  config =
    {
      layout,
      fileSystems,
      grub ? { },
      systemd-boot ? false,
      external ? false,
      espPath ? "/boot",
      swapDevices ? [ ],
      settings ? { },
      networking ? { },
      initrd ? { },
      users ? { },
      system ? { },
      services ? { },
    }:
    {
      inherit networking users system;
      guestInstaller.layout = layout;
      fileSystems = builtins.mapAttrs (_: fs: fileSystem // fs) fileSystems;
      inherit swapDevices;
      boot.initrd = initrd;
      boot.loader = {
        efi.efiSysMountPoint = espPath;
        grub = {
          enable = false;
          efiSupport = false;
          efiInstallAsRemovable = false;
          device = "";
          devices = [ ];
        }
        // grub;
        systemd-boot.enable = systemd-boot;
        external.enable = external;
      };
      services = services // {
        openssh = {
          enable = true;
          authorizedKeysFiles = [ "/etc/ssh/authorized_keys.d/%u" ];
          inherit settings;
        };
      };
    };
  esp = {
    device = "/dev/disk/by-label/ESP";
    mountPoint = "/boot";
    fsType = "vfat";
  };
  user = name: {
    inherit name;
    uid = null;
    group = "users";
    home = "/home/${name}";
    shell.shellPath = "/bin/bash";
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
  behindFirewall = settings: {
    layout = "direct";
    fileSystems."/" = ext4 "/dev/disk/by-label/NIXOS";
    networking.firewall = {
      enable = true;
      allowedTCPPorts = [ 80 ];
    }
    // settings;
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
  # The names that a GPT has, as disko and repart use them, in both spellings.
  partitions = {
    layout = "gpt";
    fileSystems = {
      "/boot" = esp // {
        device = "PARTUUID=0a1b2c3d-0000-4000-8000-000000000001";
      };
      "/" = ext4 "/dev/disk/by-partlabel/disk-main-root";
    };
    swapDevices = [ { device = "UUID=0a1b2c3d-0000-4000-8000-000000000002"; } ];
    grub = grubOn "/dev/vda" // {
      efiSupport = true;
      efiInstallAsRemovable = true;
    };
  };
  # GRUB for UEFI alone, a label as the NixOS manual writes it, swap that is no partition.
  grub-uefi = {
    layout = "gpt";
    fileSystems = {
      "/boot" = esp // {
        device = "/dev/disk/by-label/boot";
      };
      "/" = ext4 "/dev/disk/by-label/nixos";
    };
    grub = grubOn "nodev" // {
      efiSupport = true;
      efiInstallAsRemovable = true;
    };
    swapDevices = [
      { device = "/var/swap"; }
      { device = "/dev/zram0"; }
    ];
  };
  # Only alice may enter.
  login = {
    layout = "direct";
    fileSystems."/" = ext4 "/dev/disk/by-label/NIXOS";
    settings = {
      PermitRootLogin = "no";
      AllowUsers = [ "alice" ];
    };
  };
  # The firewall of firewalled admits no client to the SSH server; those of the others do, or may.
  firewalled = behindFirewall { trustedInterfaces = [ "lo" ]; };
  firewall-port = behindFirewall { allowedTCPPorts = [ 22 ]; };
  firewall-range = behindFirewall {
    allowedTCPPortRanges = [
      {
        from = 20;
        to = 25;
      }
    ];
  };
  firewall-interface = behindFirewall { interfaces.eth1.allowedTCPPorts = [ 22 ]; };
  firewall-trusted = behindFirewall {
    trustedInterfaces = [
      "lo"
      "tailscale0"
    ];
  };
  firewall-rules = behindFirewall { extraInputRules = "ip saddr 192.0.2.0/24 accept"; };
  firewall-off = behindFirewall { enable = false; };
  # What stage 1 loads, in both forms of the options.
  initrd = {
    layout = "direct";
    fileSystems."/" = ext4 "/dev/disk/by-label/NIXOS";
    initrd = {
      availableKernelModules = [
        "ahci"
        "xen-blkfront"
      ];
      kernelModules = {
        ahci = true;
        dm_mod = true;
        floppy = false;
      };
    };
  };
  # What NixOS makes of boot.loader.grub.devices.
  mirrored = {
    layout = "bios";
    fileSystems."/" = ext4 "/dev/disk/by-label/nixos";
    grub = grubOn "" // {
      mirroredBoots = [
        {
          path = "/boot";
          devices = [ "/dev/vdb" ];
        }
      ];
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
  # A partition for /boot, beside an EFI system partition and on a disk for BIOS.
  boot = {
    layout = "gpt";
    espPath = "/boot/efi";
    fileSystems = {
      "/" = ext4 "/dev/disk/by-label/nixos";
      "/boot" = ext4 "/dev/disk/by-label/boot" // {
        mountPoint = "/boot";
      };
      "/boot/efi" = esp // {
        mountPoint = "/boot/efi";
      };
    };
    grub = grubOn "/dev/vda" // {
      efiSupport = true;
      efiInstallAsRemovable = true;
    };
  };
  boot-fat = {
    layout = "bios";
    fileSystems = {
      "/" = ext4 "/dev/disk/by-label/nixos";
      "/boot" = esp // {
        device = "/dev/disk/by-label/BOOT";
      };
    };
    grub = grubOn "/dev/vda";
  };
  # As lanzaboote does.
  external = {
    layout = "gpt";
    fileSystems = {
      "/boot" = esp;
      "/" = ext4 "/dev/disk/by-label/nixos";
    };
    external = true;
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
  # An appliance: accounts by userborn, a read-only overlay on /etc, neither activation nor a switch.
  appliance = {
    layout = "gpt";
    fileSystems = {
      "/boot" = esp;
      "/" = ext4 "/dev/disk/by-label/nixos";
    };
    systemd-boot = true;
    system = {
      activatable = false;
      switch.enable = false;
      etc.overlay = {
        enable = true;
        mutable = false;
      };
      build.installBootLoader = "/nix/store/00000000000000000000000000000000-install-systemd-boot.sh";
    };
    services.userborn.enable = true;
    users = {
      groups = {
        root.gid = 0;
        users.gid = 100;
        carol.gid = null;
      };
      users = {
        root = user "root" // {
          uid = 0;
          group = "root";
          home = "/root";
        };
        alice = user "alice" // {
          uid = 1000;
          extraGroups = [ "wheel" ];
          hashedPassword = "$y$";
        };
        # Without a number, one whose group has none, a service, and one that is left out.
        bob = user "bob";
        carol = user "carol" // {
          uid = 1002;
          group = "carol";
        };
        nixbld1 = user "nixbld1" // {
          shell.shellPath = "/bin/nologin";
        };
        dave = user "dave" // {
          enable = false;
        };
      };
    };
  };
  # With the device names of a Xen host, and with file systems on other disks.
  others = {
    layout = "direct";
    fileSystems = {
      "/" = ext4 "/dev/xvda1";
      "/srv" = ext4 "/dev/disk/by-id/data" // {
        mountPoint = "/srv";
        options = [ "nofail" ];
      };
      "/home" = {
        device = "server:/home";
        mountPoint = "/home";
        fsType = "nfs";
      };
      "/var/log" = tmp // {
        mountPoint = "/var/log";
      };
    };
  };
}
