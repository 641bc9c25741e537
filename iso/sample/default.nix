# SPDX-License-Identifier: MIT
# The sample guests: NixOS-shaped systems made of a distribution's binaries, so
# that the installer can be shown and tested without nixpkgs and a network.
# `debs` is the folder that iso/fetch-debs fills.
{ debs }:
let
  packages = import ./packages.nix { inherit debs; };
  layouts = import ./layouts.nix;
in
{
  inherit layouts;
  inherit (packages) busybox linux;
  gpt = import ./system.nix { inherit packages; } layouts.gpt;
  bios = import ./system.nix { inherit packages; } layouts.bios;
  pygrub = import ./system.nix { inherit packages; } layouts.pygrub;
  direct = import ./system.nix { inherit packages; } layouts.direct;
}
