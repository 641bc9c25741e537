# SPDX-License-Identifier: MIT
# All outputs, evaluated to their derivations with a real nixpkgs.
{ nixpkgs }:
let
  all = import ../.. { inherit nixpkgs; };
  evaluate =
    modules:
    (import (nixpkgs + "/nixos/lib/eval-config.nix") {
      system = "x86_64-linux";
      inherit modules;
    }).config.system.build.toplevel.drvPath;

  # A nixpkgs before 2020 lacks an option that the layout pygrub needs.
  withInstallCommands =
    { lib, options, ... }:
    {
      options.boot.loader.grub =
        if builtins.pathExists (nixpkgs + "/nixos/modules/image") then
          { }
        else
          {
            extraInstallCommands = lib.mkOption {
              type = lib.types.lines;
              default = "";
            };
          };
    };

  # A tree without its largest files has no packages written in Haskell.
  withoutHaskell = import nixpkgs {
    system = "x86_64-linux";
    config = { };
    overlays = [ (_: previous: { shellcheck = previous.hello; }) ];
  };

  # As pkgs/top-level/by-name-overlay.nix of nixpkgs calls them.
  call = file: withoutHaskell.callPackage file { };

  configured = all.lib.mkGuestIso {
    configuration = ../../iso/template/guest.nix;
    layout = "gpt";
    settings.engine = "nixos-install";
    keys = [ "ssh-ed25519 AAAA me" ];
    flavour = "full";
  };

  # Like the outputs of a flake: its configurations contain their layout.
  flake = {
    outPath = builtins.toFile "source" "";
    nixosConfigurations.web = import (nixpkgs + "/nixos/lib/eval-config.nix") {
      system = "x86_64-linux";
      modules = [
        ../../iso/template/guest.nix
        all.nixosModules.layouts.bios
      ];
    };
  };

  host = {
    imports = [ all.nixosModules.host ];
    fileSystems."/".device = "/dev/sda1";
    boot.loader.grub.device = "/dev/sda";
    networking.bridges.br0.interfaces = [ "eth0" ];
    virtualisation.guests = {
      web = {
        iso = all.lean-iso;
        keyFiles = [ "/etc/keys/me.pub" ];
        settings.swap = "1G";
      };
      mail = {
        system = flake.nixosConfigurations.web;
        keyFiles = [ ../nix/guests.nix ];
        extraDisks = [ "/dev/vg/mail" ];
      };
      database = {
        iso = "/srv/guest.iso";
        keyFiles = [ "/etc/keys/me.pub" ];
        network = {
          type = "tap";
          bridge = "br0";
        };
      };
    };
  };
in
{
  guest-installer = all.guest-installer.drvPath;
  host-tools = all.host-tools.drvPath;
  iso = all.iso.drvPath;
  lean-iso = all.lean-iso.drvPath;
  nixos-install-iso = all.nixos-install-iso.drvPath;
  demo = all.demo.drvPath;
  nixos-test = all.nixos-test.drvPath;
  by-name-program = (call ../../pkgs/by-name/gu/guest-installer/package.nix).drvPath;
  by-name-host = (call ../../pkgs/by-name/gu/guest-installer-host/package.nix).drvPath;
  options-json = all.options-json.drvPath;
  shell =
    (import ../.. {
      inherit nixpkgs;
      pkgs = withoutHaskell;
    }).shell.drvPath;
  iso-of-configuration = configured.drvPath;
  iso-of-flake =
    (all.lib.mkGuestIso {
      inherit flake;
      name = "web";
      settings.engine = "nixos-install";
      flavour = "full";
    }).drvPath;
  lean-iso-of-flake =
    (all.lib.mkGuestIso {
      inherit flake;
      name = "web";
    }).drvPath;
  bios = evaluate [ all.nixosModules.layouts.bios ];
  gpt = evaluate [ all.nixosModules.layouts.gpt ];
  pygrub = evaluate [
    all.nixosModules.layouts.pygrub
    withInstallCommands
  ];
  direct = evaluate [ all.nixosModules.layouts.direct ];
  host = evaluate [ host ];
}
