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
  config = {
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
    swapDevices = [ ];
    fileSystems = {
      "/" = {
        mountPoint = "/";
        device = "/dev/disk/by-label/nixos";
        fsType = "ext4";
      };
      "/boot" = {
        mountPoint = "/boot";
        device = "/dev/disk/by-label/ESP";
        fsType = "vfat";
      };
    };
    boot.loader = {
      efi.efiSysMountPoint = "/boot";
      grub = {
        enable = true;
        device = "/dev/vda";
        efiSupport = true;
        efiInstallAsRemovable = true;
      };
    };
    services.openssh = {
      enable = true;
      authorizedKeysFiles = [ ".ssh/authorized_keys" ];
    };
  };
}
