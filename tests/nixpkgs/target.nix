# SPDX-License-Identifier: MIT
# A guest from the /etc/nixos that the engine nixos-install writes: its derivation,
# and the facts of its manifest.
{ nixpkgs, folder }:
let
  guest = import (nixpkgs + "/nixos/lib/eval-config.nix") {
    system = "x86_64-linux";
    modules = [ (folder + "/configuration.nix") ];
  };
  # A nixpkgs before 2021 lacks an option that the layout pygrub needs.
  patched = import (nixpkgs + "/nixos/lib/eval-config.nix") {
    system = "x86_64-linux";
    modules = [
      (folder + "/configuration.nix")
      (
        { lib, ... }:
        {
          options.boot.loader.grub.extraInstallCommands = lib.mkOption { type = lib.types.lines; };
        }
      )
    ];
  };
  final = if guest.options.boot.loader.grub ? extraInstallCommands then guest else patched;
in
{
  inherit (final.config.system.build.toplevel) drvPath;
  facts = import ../../iso/facts.nix { inherit (final.pkgs) lib; } final.config;
  inherit (final.config.fileSystems."/") options;
  hostName = final.config.networking.hostName;
  keys = final.config.users.users.root.openssh.authorizedKeys.keys;
}
