# SPDX-License-Identifier: MIT
# A NixOS module for each layout of the installer: a configuration and one of
# these boot after the install. The file systems, the boot loader and the
# consoles below can all be overridden; what then does not fit the layout is
# refused by the installer before its first write.
{
  bios = ./bios.nix;
  gpt = ./gpt.nix;
  pygrub = ./pygrub.nix;
  direct = ./direct.nix;
}
