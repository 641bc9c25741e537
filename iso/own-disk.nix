# SPDX-License-Identifier: MIT
# A configuration for nixpkgs' own virtual machines (virtualisation/qemu-vm.nix,
# `nixos-rebuild build-vm`) replaces all file systems by mounts from the host. An
# installed guest has its file systems on its disk, so this module clears those
# mounts, and writes GRUB to that disk: the other module has priority 10 (mkVMOverride).
# An old nixpkgs has no such option; fit.nix then refuses the guest.
{
  config,
  lib,
  options,
  ...
}:
let
  isVm = options.virtualisation or { } ? fileSystems;
  hasLoader = builtins.elem config.guestInstaller.layout [
    "bios"
    "gpt"
  ];
in
{
  virtualisation = lib.optionalAttrs isVm {
    fileSystems = lib.mkForce { };
  };
  boot.loader.grub = lib.optionalAttrs isVm {
    device = lib.mkOverride 9 (if hasLoader then "/dev/vda" else "nodev");
  };
}
