# SPDX-License-Identifier: MIT
# Replaces the input nixpkgs of flake.nix where there is none (tests/nix/flake.sh): packages are names, and the
# functions only pass on what they are given. It shows that the outputs have the form that Nix expects.
{
  outputs =
    { self }:
    {
      legacyPackages = {
        x86_64-linux = import ./pkgs.nix;
        aarch64-linux = import ./pkgs.nix;
      };
    };
}
