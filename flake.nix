# SPDX-License-Identifier: MIT
{
  description = "Installs NixOS on a virtual machine's disk, unattended";

  # There is no lock file: `nix flake lock` pins a revision of this branch. A flake that uses this
  # one says inputs.guest-installer.inputs.nixpkgs.follows = "nixpkgs" to choose its own.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${system};
      all = import ./. {
        nixpkgs = nixpkgs.outPath;
        inherit system pkgs;
        commit = self.rev or self.dirtyRev or "unknown";
      };
    in
    {
      packages.${system} = {
        default = all.guest-installer;
        inherit (all)
          guest-installer
          host-tools
          iso
          lean-iso
          nixos-install-iso
          options-json
          ;
      };

      inherit (all) lib nixosModules;

      checks.${system} = {
        inherit (all)
          guest-installer
          host-tools
          lean-iso
          nixos-test
          options-json
          ;
      };

      apps.${system}.demo = {
        type = "app";
        program = "${all.demo}/bin/guest-installer-demo";
      };

      devShells.${system}.default = all.shell;

      formatter.${system} = pkgs.nixfmt-tree or pkgs.nixfmt;

      templates.default = {
        path = ./iso/template;
        description = "A NixOS guest that installs itself, in twenty lines";
      };
    };
}
