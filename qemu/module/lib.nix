# SPDX-License-Identifier: MIT
# What the parts of the host module agree on: names, files, arguments.
{ lib, pkgs }:
rec {
  enabled = lib.filterAttrs (_: guest: guest.enable);
  ofHypervisor =
    hypervisor: guests: lib.filterAttrs (_: guest: guest.hypervisor == hypervisor) (enabled guests);

  # StateDirectory and RuntimeDirectory are below /var/lib and /run.
  folder = name: "guests/${name}";
  user = name: "guest-${name}";

  # A network interface has 15 characters at most.
  interface =
    name: guest:
    if guest.network.interface != null then
      guest.network.interface
    else
      builtins.substring 0 15 "vm-${name}";

  # Text with ${file} in it brings a file of the configuration into the store.
  isoFile =
    guest:
    let
      made = import ../../iso/guest-iso.nix { nixpkgs = pkgs.path; } {
        inherit (guest) system layout;
        hostPlatform = pkgs.stdenv.hostPlatform.system;
      };
      iso = if guest.system != null then made else guest.iso;
    in
    if lib.isDerivation iso then "${iso}/iso/*.iso" else lib.escapeShellArg "${iso}";

  # first-run knows a public key by its name, whatever the host calls the file.
  keyName = index: "key${toString index}.pub";
  keyCredentials =
    guest:
    lib.imap0 (
      index: file: "${keyName index}:${lib.replaceStrings [ "%" ] [ "%%" ] "${file}"}"
    ) guest.keyFiles;
  keyArguments =
    guest: lib.imap0 (index: _: "--key \"$CREDENTIALS_DIRECTORY/${keyName index}\"") guest.keyFiles;

  settingArguments =
    guest:
    map (assignment: "--set ${lib.escapeShellArg assignment}") (
      (import ../../iso/module/settings.nix { inherit lib; }).assignments guest.settings
    );
}
