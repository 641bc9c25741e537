# SPDX-License-Identifier: MIT
# The package of pkgs/by-name with a package set of any age. One from before 2019 has no musl variant, and
# can evaluate it only.
{
  pkgs,
  commit ? "unknown",
}:
let
  static = pkgs.pkgsStatic or pkgs;
  util-linux = set: set.util-linux or set.utillinux;
in
import ../pkgs/by-name/gu/guest-installer/package.nix {
  inherit (pkgs)
    lib
    e2fsprogs
    file
    nix
    openssh
    perl
    sqlite
    ;
  inherit commit;
  util-linux = util-linux pkgs;
  runtimeShell = pkgs.stdenv.shell;
  pkgsStatic = static // {
    util-linux = util-linux static;
    buildPackages = static.buildPackages // {
      pkg-config = static.buildPackages.pkg-config or pkgs.pkgconfig;
    };
  };
}
