# SPDX-License-Identifier: MIT
{
  config,
  lib,
  options,
  ...
}:
let
  cfg = config.services.guest-installer;
  settings = import ./settings.nix { inherit lib; };
  has = key: cfg.settings.${key} or null != null;
  builds = cfg.settings.engine or null == "nixos-install";

  # Only source paths are checked: a file that is still to be built cannot be read.
  isFolder =
    path:
    builtins.isPath path && (builtins.readDir (dirOf path)).${baseNameOf path} or "" == "directory";

  # An installation image can omit its channel.
  hasChannel = config.system.installer.channel.enable or true;
  hasNixpkgs =
    config.nix.nixPath != [ ] && (hasChannel || config.nix.nixPath != options.nix.nixPath.default or [ ]);
in
{
  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = builds || cfg.guest != null || has "cache";
        message = ''
          services.guest-installer has nothing to install: set
          services.guest-installer.guest, configuration or flake, or
          settings.cache and settings.manifest for a closure from the network, or
          settings.engine = "nixos-install" for what nixos-generate-config writes.
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
        assertion = cfg.guest == null || !builds;
        message = ''
          services.guest-installer.guest is a built system, which nixos-install
          would build again: leave it out, or configuration, flake and
          settings.engine = "nixos-install".
        '';
      }
      {
        assertion = !has "cache" || has "trusted-keys" || cfg.trustedKeyFile != null;
        message = ''
          services.guest-installer.settings.cache is set: say whose signature counts
          there by services.guest-installer.trustedKeyFile or settings.trusted-keys.
        '';
      }
      {
        assertion = cfg.configuration == null || !isFolder cfg.configuration;
        message = ''
          services.guest-installer.configuration is a folder, ${toString cfg.configuration}:
          nixos-install gets one file. Name a file that needs no others, or make it
          a flake.
        '';
      }
      {
        assertion = !builds || has "flake" || has "system" || hasNixpkgs;
        message = ''
          services.guest-installer builds the guest with nixpkgs, which this live
          system does not have: leave system.installer.channel.enable on, or name
          a tree in nix.nixPath.
        '';
      }
    ]
    ++ import ./rules.nix { inherit lib; } cfg.settings
    ++ map (message: {
      assertion = false;
      inherit message;
    }) (settings.errors "services.guest-installer.settings" cfg.settings);
  };
}
