# SPDX-License-Identifier: MIT
# Adds systems to the live system's store that resemble the one that nixos-install
# will build, so that most of it is copied. The hardware, the disk's UUIDs and the
# generated configuration change the initrd, /etc and the paths that refer to them,
# so the build inputs of those are added, too. All build dependencies of a system
# (system.includeBuildDependencies) would be complete, but twenty times as large.
{ config, lib, ... }:
let
  cfg = config.services.guest-installer;

  # nixpkgs before 2021 has no inputDerivation.
  inputs = part: lib.optional (part ? inputDerivation) part.inputDerivation;
  contents =
    system:
    let
      inherit (system.config.system) build;
    in
    [ build.toplevel ]
    ++ lib.concatMap inputs [
      build.toplevel
      build.etc
      build.initialRamdisk
      (build.modulesClosure or { })
    ];
in
{
  config = lib.mkIf (cfg.enable && cfg.prebuilt != [ ]) {
    system.extraDependencies = lib.concatMap contents cfg.prebuilt;

    # Small identical files are copied instead of built, and a flake in the store is
    # not fetched again after an hour.
    systemd.services.guest-installer.environment.NIX_CONFIG = ''
      always-allow-substitutes = true
      tarball-ttl = 4294967295
    '';
  };
}
