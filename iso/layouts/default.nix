# SPDX-License-Identifier: MIT
# A NixOS module for each layout of the installer: a configuration and one of
# these boot after the install. A guest that nixos-install builds gets copies of
# them, so they need nothing but nixpkgs, old or new.
#
# A configuration overrides mkDefault. What the layout cannot do without has the
# priority of nixpkgs' own image media, 60: it wins over a configuration that was
# written for another machine, and mkForce over it. What then does not fit the
# layout is refused when the ISO is made (iso/fit.nix), and by the installer before
# its first write.
{
  bios = ./bios.nix;
  gpt = ./gpt.nix;
  pygrub = ./pygrub.nix;
  direct = ./direct.nix;
}
