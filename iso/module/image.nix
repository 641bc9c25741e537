# SPDX-License-Identifier: MIT
# The guest on the ISO: its binary cache and manifest are plain files beside the
# live system, where one sequential read finds them, and not in its squashfs.
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
in
{
  config = lib.mkIf (cfg.enable && cfg.guest != null) (
    lib.mkMerge (
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
    )
  );
}
