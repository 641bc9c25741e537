# SPDX-License-Identifier: MIT
{ lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.services.guest-installer = {
    enable = mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = ''
        Whether this live system installs a guest on the machine's disk and
        powers off, with nobody watching. With
        `guest-installer.disable` on the kernel's command line
        it is an ordinary live system.
      '';
    };

    package = mkOption {
      type = types.package;
      default = import ../../installer/package.nix { inherit pkgs; };
      defaultText = "the static binary of this repository";
      description = "The package that has bin/guest-installer.";
    };

    guest = mkOption {
      type = types.nullOr types.unspecified;
      default = null;
      example = "import (nixpkgs + \"/nixos/lib/eval-config.nix\") { modules = [ ./guest.nix ]; }";
      description = ''
        The evaluated NixOS system to install, with one of the layout modules
        among its modules. Its closure lies on the ISO as a signed binary cache.
        Null if the guest is built on its own disk (`configuration`,
        `flake`) or comes over the network (setting `cache`).
      '';
    };

    configuration = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = "./guest.nix";
      description = ''
        A NixOS module in one file, from which nixos-install builds the guest on
        its own disk, with the machine's hardware-configuration.nix and the
        layout's modules beside it. It becomes /etc/nixos/guest.nix there, so
        files that it imports by relative paths are not found: what has several
        files is a `flake`.
      '';
    };

    flake = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "\${self}#web";
      description = ''
        The NixOS configuration of a flake, REF#NAME, that nixos-install builds on
        the guest's disk. A store path lies on the ISO, the flakes that its lock
        file names are fetched; any other reference has to say which revision.
      '';
    };

    prebuilt = mkOption {
      type = types.listOf types.unspecified;
      default = [ ];
      example = "[ (import (nixpkgs + \"/nixos/lib/eval-config.nix\") { modules = [ ./guest.nix ]; }) ]";
      description = ''
        Evaluated systems that are like the one that nixos-install is to build.
        The live system has their closures in its store, and what it takes to
        build the system itself, /etc and the initrd anew: nixos-install copies
        from there, so that little is fetched. A guest that must do without any
        network is a `guest`.
      '';
    };

    trustedKeyFile = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = ''
        A file with one public key, `name:base64`, by which the
        closure has to be signed. It is read when the ISO is built, so that it
        may be one that the build of the cache made.
      '';
    };

    settings = mkOption {
      inherit (import ./settings.nix { inherit lib; }) type;
      default = { };
      example = {
        disk = "serial:guest";
        timeout = 1800;
        swap = "1G";
      };
      description = ''
        Lines of guest-installer.conf. `guest-installer --help`
        lists the keys; a list becomes words with blanks between, and null
        leaves a key out. The key drive and the kernel's command line win over
        these. Everybody can read them, in the store and on the ISO: passwords
        belong into the file netrc on the key drive.
      '';
    };
  };
}
