# SPDX-License-Identifier: MIT
{ config, lib, ... }:
let
  cfg = config.services.guest-installer;
  engine = cfg.settings.engine or "cache";
in
{
  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = engine == "nixos-install" || cfg.guest != null || cfg.settings ? cache;
        message = ''
          services.guest-installer has nothing to install: set
          services.guest-installer.guest, or settings.cache and settings.manifest
          for a closure from the network, or settings.engine = "nixos-install".
        '';
      }
      {
        assertion = cfg.guest == null || cfg.guest.config ? guestInstaller;
        message = ''
          services.guest-installer.guest has no disk layout: add one of the layout
          modules (bios, gpt, pygrub, direct) to its modules.
        '';
      }
      {
        assertion = cfg.guest == null || engine == "cache";
        message = ''
          services.guest-installer.guest is a built system, which engine
          "nixos-install" would build again: leave the engine away.
        '';
      }
    ]
    ++ map (message: {
      assertion = false;
      inherit message;
    }) ((import ./settings.nix { inherit lib; }).errors "services.guest-installer.settings" cfg.settings);
  };
}
