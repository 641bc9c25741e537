# SPDX-License-Identifier: MIT
# Puts the guest onto the ISO of the live system. The closure's binary cache and the
# manifest are plain files beside the squashfs, not in it, so that they are read
# sequentially.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  cfg = config.services.guest-installer;
  cache = import ../guest-cache.nix {
    inherit pkgs;
    inherit (cfg) package;
  } cfg.guest;

  # The mount point of the ISO in a NixOS live system.
  medium = "/iso";

  # The space in which the tool qemu/iso embeds settings, keys and files; see ../assemble.
  embedded = pkgs.runCommand "guest-installer.embedded" { } ''
    truncate -s 1048576 "$out"
  '';

  space = {
    isoImage.contents = [
      {
        source = embedded;
        target = "/guest-installer.embedded";
      }
      # For the tool qemu/first-run.
      {
        source = builtins.toFile "architecture" "${pkgs.stdenv.hostPlatform.system or "x86_64-linux"}\n";
        target = "/guest-installer.arch";
      }
    ];
  };

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
      (lib.optionalAttrs (options ? isoImage) space)
      (lib.mkIf (cfg.guest != null) copied)
      (lib.mkIf (cfg.configuration != null) configuration)
      (lib.mkIf (cfg.flake != null) { services.guest-installer.settings.flake = cfg.flake; })
      (lib.mkIf (cfg.configuration != null || cfg.flake != null) {
        services.guest-installer.settings.engine = lib.mkDefault "nixos-install";
      })
    ]
  );
}
