# SPDX-License-Identifier: MIT
# What flake.nix offers, without flakes:
#   nix-build -A guest-installer
#   nix-build -A lean-iso
#   (import ./. { }).lib.mkGuestIso { configuration = ./guest.nix; layout = "gpt"; }
{
  nixpkgs ? <nixpkgs>,
  system ? "x86_64-linux",
  pkgs ? import nixpkgs {
    inherit system;
    config = { };
    overlays = [ ];
  },
}:
rec {
  guest-installer = import ./installer/package.nix { inherit pkgs; };
  host-tools = import ./qemu/package.nix { inherit pkgs; };

  lib = {
    mkGuestIso = import ./iso/guest-iso.nix { inherit nixpkgs; };
    mkGuestCache = import ./iso/guest-cache.nix { inherit pkgs; };
  };

  nixosModules = {
    installer = ./iso/module;
    host = ./qemu/module;
    layouts = import ./iso/layouts;
  };

  # Installs the example, starts it, logs in and shuts it down.
  demo = pkgs.writeScriptBin "guest-installer-demo" ''
    #!${pkgs.stdenv.shell}
    exec ${host-tools}/bin/guest-installer-demo --iso ${lean-iso}/iso/*.iso "$@"
  '';

  # What the Makefile calls, for those who build with it.
  shell = pkgs.mkShell {
    inputsFrom = [ guest-installer ];
    buildInputs = [
      pkgs.clang-tools or pkgs.clang
      pkgs.jq
      pkgs.qemu
      pkgs.shellcheck
      pkgs.xorriso
    ];
  };

  # A small guest, to try the installer with.
  example = iso: lib.mkGuestIso {
    configuration = ./iso/template/guest.nix;
    layout = "gpt";
    flavour = iso;
    hostPlatform = system;
  };
  iso = example "full";
  lean-iso = example "lean";

  # A live system that builds whatever configuration its key drive brings.
  nixos-install-iso = lib.mkGuestIso {
    settings.engine = "nixos-install";
    flavour = "full";
    hostPlatform = system;
  };
}
