# SPDX-License-Identifier: MIT
# A guest from /etc/nixos as the engine nixos-install leaves it on the target:
# its derivation, and what its manifest would say.
{ nixpkgs, folder }:
let
  guest = import (nixpkgs + "/nixos/lib/eval-config.nix") {
    system = "x86_64-linux";
    modules = [ (folder + "/configuration.nix") ];
  };
  # A nixpkgs from before 2021 has no such option, which the layout pygrub needs.
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
