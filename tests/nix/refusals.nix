# SPDX-License-Identifier: MIT
# What is refused while it is evaluated, each for one sentence.
let
  lib = import ./standin.nix;
  facts =
    root: swapDevices:
    import ../../iso/facts.nix { inherit lib; } {
      guestInstaller.layout = "bios";
      fileSystems."/" = {
        device = root;
        mountPoint = "/";
        fsType = "ext4";
      };
      inherit swapDevices;
      boot.loader.grub = {
        enable = true;
        device = "/dev/vda";
        efiSupport = false;
      };
      services.openssh = {
        enable = true;
        authorizedKeysFiles = [ ];
      };
    };
  mkGuestIso = import ../../iso/guest-iso.nix { nixpkgs = "/nowhere"; };
  # A flake with a configuration that has no layout.
  flake = {
    outPath = "/nix/store/00000000000000000000000000000000-source";
    nixosConfigurations.web.config = { };
  };

  byLabel = label: { device = "/dev/disk/by-label/${label}"; };
in
{
  rootByDevice = facts "/dev/vda1" [ ];
  swapByDevice = facts (byLabel "nixos").device [ { device = "/dev/vda2"; } ];
  twoSwaps = facts (byLabel "nixos").device [
    (byLabel "a")
    (byLabel "b")
  ];

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
