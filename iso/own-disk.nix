# SPDX-License-Identifier: MIT
# A configuration for nixpkgs' own virtual machines (virtualisation/qemu-vm.nix,
# `nixos-rebuild build-vm`) replaces all file systems by mounts from the host. An
# installed guest has its file systems on its disk, so this module clears those
# mounts. An old nixpkgs has no such option; fit.nix then refuses the guest.
{ lib, options, ... }:
{
  virtualisation = lib.optionalAttrs (options.virtualisation or { } ? fileSystems) {
    fileSystems = lib.mkForce { };
  };
}
