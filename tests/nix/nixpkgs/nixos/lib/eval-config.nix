# SPDX-License-Identifier: MIT
# A system of the layout gpt. The modules are called, but not merged.
{ system, modules }:
let
  pkgs = import ../../pkgs.nix;
  call =
    module:
    if builtins.isFunction module then
      module {
        inherit pkgs;
        inherit (pkgs) lib;
        modulesPath = ../modules;
      }
    else
      module;
in
builtins.deepSeq (map call (builtins.filter (module: !(builtins.isPath module)) modules)) {
  inherit pkgs;
  config = import ../../gpt-config.nix // {
    guestInstaller.layout = "gpt";
    networking.hostName = "guest";
    system = {
      build = {
        toplevel = pkgs.runCommand "nixos-system-guest" { inherit system; } "";
        kernel = pkgs.runCommand "linux" { } "";
        isoImage = pkgs.runCommand "full.iso" { } "";
      };
      boot.loader.kernelFile = "bzImage";
      modulesTree = pkgs.runCommand "kernel-modules" { } "";
    };
  };
}
