# SPDX-License-Identifier: MIT
# The arguments of the package's derivation, evaluated with a package set that has
# only the names that installer/package.nix uses.
{ toolchain, shell }:
let
  lib = {
    hasPrefix = prefix: text: builtins.substring 0 (builtins.stringLength prefix) text == prefix;
    removePrefix =
      prefix: text:
      let
        length = builtins.stringLength prefix;
      in
      if lib.hasPrefix prefix text then
        builtins.substring length (builtins.stringLength text - length) text
      else
        text;
    removeSuffix =
      suffix: text:
      let
        length = builtins.stringLength text - builtins.stringLength suffix;
      in
      if builtins.substring length (-1) text == suffix then builtins.substring 0 length text else text;
    getBin = package: package;
    licenses.mit = "mit";
  };
  package = name: { outPath = name; };
  names = [
    "cmocka"
    "curl"
    "e2fsprogs"
    "file"
    "jansson"
    "libyaml"
    "lz4"
    "nix"
    "openssl"
    "perl"
    "pkgconfig"
    "sqlite"
    "util-linux"
    "xz"
    "zstd"
  ];
  pkgs =
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = package name;
      }) names
    )
    // {
      inherit lib;
      buildPackages = { };
      stdenv = {
        inherit shell;
        mkDerivation = arguments: arguments;
        cc = {
          outPath = toolchain;
          targetPrefix = "x86_64-linux-gnu-";
        };
      };
    };
  arguments = import ../../installer/package.nix { inherit pkgs; };
in
{
  inherit (arguments) checkPhase makeFlags src;
}
