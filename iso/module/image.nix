# SPDX-License-Identifier: MIT
# What the live system carries of the guest. A closure's binary cache and its
# manifest are plain files on the ISO beside the live system, where one
# sequential read finds them, and not in its squashfs.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  cfg = config.services.guest-installer;
  cache = import ../guest-cache.nix { inherit pkgs; } cfg.guest;

  # Where a NixOS live system mounts its medium.
  medium = "/iso";

  files = {
    isoImage.contents = [
      {
        source = "${cache}/cache";
        target = "/cache";
      }
      {
        source = "${cache}/guest.json";
        target = "/guest.json";
      }
    ];
  };

  copied = lib.mkMerge (
    [
      {
        services.guest-installer = {
          settings = {
            manifest = lib.mkDefault "file://${medium}/guest.json";
            cache = lib.mkDefault "file://${medium}/cache";
          };
          trustedKeyFile = lib.mkDefault "${cache}/trusted-key";
        };
      }
    ]
    ++ lib.optional (options ? isoImage) files
  );

  configuration = {
    environment.etc."guest-installer/configuration.nix".source = cfg.configuration;
    services.guest-installer.settings.configuration = "/etc/guest-installer/configuration.nix";
  };
in
{
  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      (lib.mkIf (cfg.guest != null) copied)
      (lib.mkIf (cfg.configuration != null) configuration)
      (lib.mkIf (cfg.flake != null) { services.guest-installer.settings.flake = cfg.flake; })
      (lib.mkIf (cfg.configuration != null || cfg.flake != null) {
        services.guest-installer.settings.engine = lib.mkDefault "nixos-install";
      })
    ]
  );
}
