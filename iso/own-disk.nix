# SPDX-License-Identifier: MIT
# A configuration that was made for nixpkgs' own virtual machines
# (virtualisation/qemu-vm.nix, `nixos-rebuild build-vm`) mounts the store and more
# from the host, in place of all other file systems. An installed guest has them on
# its disk. An old nixpkgs cannot be told so, and the guest is refused (fit.nix).
{ lib, options, ... }:
{
  virtualisation = lib.optionalAttrs (options.virtualisation or { } ? fileSystems) {
    fileSystems = lib.mkForce { };
  };
}
