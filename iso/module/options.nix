# SPDX-License-Identifier: MIT
{ lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  expression = lib.literalExpression or lib.literalExample;
in
{
  options.services.guest-installer = {
    enable = mkOption {
      type = types.bool;
      default = false;
      example = true;
      description = ''
        Whether this live system installs a guest on the machine's disk,
        unattended, and powers off. With `guest-installer.disable` on the kernel
        command line it is an ordinary live system.
      '';
    };

    package = mkOption {
      type = types.package;
      default = import ../../installer/package.nix { inherit pkgs; };
      defaultText = expression "the static binary of this repository";
      description = "The package that has bin/guest-installer.";
    };

    guest = mkOption {
      type = types.nullOr types.unspecified;
      default = null;
      example = expression "import (nixpkgs + \"/nixos/lib/eval-config.nix\") { modules = [ ./guest.nix ]; }";
      description = ''
        The evaluated NixOS system to install; its modules include one of the layout
        modules. The ISO contains its closure as a signed binary cache. Null if
        the guest is built on its own disk (`configuration`, `flake`) or
        downloaded (setting `cache`).
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
        files that it imports by relative paths are not found: use `flake` for a
        configuration with several files.
      '';
    };

    flake = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "\${self}#web";
      description = ''
        The NixOS configuration of a flake, REF#NAME, that nixos-install builds on
        the guest's disk. A store path is put onto the ISO, and the flakes in its
        lock file are fetched. Any other reference must name a revision.
      '';
    };

    prebuilt = mkOption {
      type = types.listOf types.unspecified;
      default = [ ];
      example = expression "[ (import (nixpkgs + \"/nixos/lib/eval-config.nix\") { modules = [ ./guest.nix ]; }) ]";
      description = ''
        Evaluated systems that resemble the one that nixos-install will build. The
        live system's store contains their closures and the build inputs of the
        system, /etc and the initrd. nixos-install copies from there, so that
        little is fetched. Use `guest` for a guest without any network.
      '';
    };

    trustedKeyFile = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = ''
        A file with one public key, `name:base64`; the closure must be signed with
        it. The file is read when the ISO is built, so that the build of the cache
        may produce it.
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
        Lines of guest-installer.conf. `guest-installer --help` lists the keys. A
        list becomes words separated by blanks, and null omits a key. The key drive
        and the kernel command line override these settings. All users can read
        them, in the store and on the ISO: put passwords into the file netrc on the
        key drive.
      '';
    };
  };
}
