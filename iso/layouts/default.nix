# SPDX-License-Identifier: MIT
# A NixOS module for each layout of the installer. A configuration with one of
# them boots after the install. A guest that nixos-install builds gets copies of
# these files, so they depend on nixpkgs only, of any age.
#
# What a layout only proposes is weaker than mkDefault: a configuration and the modules
# of nixpkgs override it. Options that the layout requires have priority 60, that of
# nixpkgs' own image media: they override a configuration for another machine, and
# mkForce overrides them. A guest that then does not fit the layout is refused when the
# ISO is made (iso/fit.nix), and by the installer before its first write.
{
  bios = ./bios.nix;
  gpt = ./gpt.nix;
  pygrub = ./pygrub.nix;
  direct = ./direct.nix;
}
