# SPDX-License-Identifier: MIT
# What spares nixos-install most of its work: systems that are like the one that
# it is to build. The hardware, the disk's UUIDs and what the installer generates
# change the initrd, /etc and what names them, so what those are built with comes
# along. Everything that goes into the build of a system would be complete, and
# twenty times as much (system.includeBuildDependencies).
{ config, lib, ... }:
let
  cfg = config.services.guest-installer;

  # nixpkgs of before 2021 cannot say what a derivation is built with.
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

    # Small files that are the same are copied, not made again, and a flake that
    # is here is not fetched because an hour has passed since.
    systemd.services.guest-installer.environment.NIX_CONFIG = ''
      always-allow-substitutes = true
      tarball-ttl = 4294967295
    '';
  };
}
