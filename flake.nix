# SPDX-License-Identifier: MIT
{
  description = "Installs NixOS on a virtual machine's disk, unattended";

  # There is no lock file: `nix flake lock` pins a revision of this branch. A flake that uses this
  # one says inputs.guest-installer.inputs.nixpkgs.follows = "nixpkgs" to choose its own.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      for =
        system:
        import ./. {
          nixpkgs = nixpkgs.outPath;
          inherit system;
          pkgs = nixpkgs.legacyPackages.${system};
          commit = self.rev or self.dirtyRev or "unknown";
        };
      each =
        make:
        builtins.listToAttrs (
          map
            (name: {
              inherit name;
              value = make (for name) nixpkgs.legacyPackages.${name};
            })
            [
              "x86_64-linux"
              "aarch64-linux"
            ]
        );
    in
    {
      packages = each (all: _: {
        default = all.guest-installer;
        inherit (all)
          guest-installer
          host-tools
          iso
          lean-iso
          nixos-install-iso
          options-json
          ;
      });

      inherit (for "x86_64-linux") lib nixosModules;

      checks = each (
        all: _: {
          inherit (all)
            guest-installer
            host-tools
            lean-iso
            nixos-test
            options-json
            ;
        }
      );

      # The demonstration starts a machine of x86-64.
      apps.x86_64-linux.demo = {
        type = "app";
        program = "${(for "x86_64-linux").demo}/bin/guest-installer-demo";
      };

      devShells = each (all: _: { default = all.shell; });

      formatter = each (_: pkgs: pkgs.nixfmt-tree or pkgs.nixfmt);

      templates.default = {
        path = ./iso/template;
        description = "A NixOS guest that installs itself, in twenty lines";
      };
    };
}
