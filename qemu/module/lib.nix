# SPDX-License-Identifier: MIT
# Names, files and arguments that the parts of the host module share.
{ lib, pkgs }:
rec {
  enabled = lib.filterAttrs (_: guest: guest.enable);
  ofHypervisor =
    hypervisor: guests: lib.filterAttrs (_: guest: guest.hypervisor == hypervisor) (enabled guests);

  # StateDirectory and RuntimeDirectory are below /var/lib and /run.
  folder = name: "guests/${name}";
  user = name: "guest-${name}";

  # The name of a network interface has at most 15 characters.
  interface =
    name: guest:
    if guest.network.interface != null then
      guest.network.interface
    else
      builtins.substring 0 15 "vm-${name}";

  # Text that contains ${file} copies a file of the configuration to the store.
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

  # first-run recognises a public key by its file name, so the copy gets one that ends in .pub.
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
