# SPDX-License-Identifier: MIT
# The guest: an ordinary NixOS configuration. Its disk, boot loader and console
# come from the layout that flake.nix names.
{ pkgs, ... }:
{
  networking.hostName = "guest";
  environment.systemPackages = [ pkgs.vim ];
  system.stateVersion = "25.05";
}
