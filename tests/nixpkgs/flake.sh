#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# flake.sh — proves with the nixpkgs in NIXPKGS that flake.nix, the template and a user's flake can be
# evaluated purely, from sources in the store
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

: "${NIXPKGS:?is not set: make check-nix NIXPKGS=FOLDER}"
OURS=git+file://$TOP
NIX=(nix --option experimental-features 'nix-command flakes')
# With this name in the store, the evaluations do not copy it again.
NIXPKGS=$("${NIX[@]}" store add-path --name source "$NIXPKGS")

# evaluates PATTERN FLAKE#OUTPUT [OPTION]…
evaluates() {
	"${NIX[@]}" eval --raw --no-write-lock-file "${@:2}" | tee value
	grep -Ex "/nix/store/$1" value
}

with_inputs=(
	--override-input guest-installer "$OURS"
	--override-input guest-installer/nixpkgs "path:$NIXPKGS"
)

cd "$SCRATCH"
for name in default host-tools iso lean-iso; do
	run_case "packages.$name" evaluates '.*\.drv' "$OURS#packages.x86_64-linux.$name.drvPath" \
		--override-input nixpkgs "path:$NIXPKGS"
done
run_case "apps.demo" evaluates '.*/bin/guest-installer-demo' "$OURS#apps.x86_64-linux.demo.program" \
	--override-input nixpkgs "path:$NIXPKGS"
run_case "the template" evaluates '.*-guest-guest\.iso\.drv' \
	"path:$TOP/iso/template#packages.x86_64-linux.default.drvPath" "${with_inputs[@]}"

mkdir machines
cp "$TOP/iso/template/guest.nix" machines/
cat >machines/flake.nix <<'END'
{
  inputs.guest-installer.url = "github:guest-installer/guest-installer";
  inputs.nixpkgs.follows = "guest-installer/nixpkgs";

  outputs =
    {
      self,
      nixpkgs,
      guest-installer,
    }:
    let
      inherit (guest-installer.lib) mkGuestIso;
      web = {
        flake = self;
        name = "web";
      };
    in
    {
      nixosConfigurations.web = import (nixpkgs + "/nixos/lib/eval-config.nix") {
        system = "x86_64-linux";
        modules = [
          ./guest.nix
          guest-installer.nixosModules.layouts.bios
        ];
      };
      packages.x86_64-linux = {
        copied = mkGuestIso web;
        built = mkGuestIso (web // {
          flavour = "full";
          settings.engine = "nixos-install";
        });
      };
    };
}
END
for name in copied built; do
	run_case "a flake's machine, $name" evaluates '.*\.iso\.drv' \
		"path:$PWD/machines#packages.x86_64-linux.$name.drvPath" "${with_inputs[@]}"
done
