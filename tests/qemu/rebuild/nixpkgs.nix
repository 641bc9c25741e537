# SPDX-License-Identifier: MIT
# Stands in for <nixpkgs/nixos>: builds, from the system that runs, one that differs from it by what the
# configuration says. Real Nix evaluates and builds it in the guest.
let
  configuration = import <nixos-config> { };
  current = builtins.storePath (/run/current-system);
in
{
  system = derivation {
    name = "nixos-system-sample-rebuilt-${configuration.version}";
    system = builtins.currentSystem;
    builder = "${current}/sw/bin/bash";
    PATH = "${current}/sw/bin";
    inherit current;
    inherit (configuration) version;
    args = [
      "-euc"
      ''
        cp -r "$current" "$out"
        chmod -R u+w "$out"
        find "$out" -type f -exec sed -i "s,$current,$out,g" {} +
        printf %s "$version" >"$out/nixos-version"
      ''
    ];
  };
}
