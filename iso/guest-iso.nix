# SPDX-License-Identifier: MIT
# mkGuestIso — an ISO that installs one guest, from its configuration in one call.
#
# The guest, one of
#   configuration  a NixOS module or a path to one
#   flake          a flake that has nixosConfigurations, with `name`; or a
#                  reference to both, "REF#NAME"
#   system         an evaluated system (nixosConfigurations.NAME, eval-config)
# and
#   layout         bios, gpt, pygrub or direct; null if the modules set one
#   keys           authorized_keys lines for root, if the host attaches no key
#                  drive (settings.keys is set accordingly)
#   settings       lines of guest-installer.conf; with engine = "nixos-install"
#                  the guest is built on its own disk: from a configuration in
#                  one file, from a flake, or from the files of its key drive
#   flavour        "lean": a kernel and the installer, starts in seconds;
#                  "full": the NixOS installation image, also a live system
{ nixpkgs }:
{
  configuration ? null,
  flake ? null,
  name ? null,
  system ? null,
  layout ? null,
  keys ? [ ],
  settings ? { },
  flavour ? "lean",
  hostPlatform ? "x86_64-linux",
}:
let
  evaluate =
    modules:
    import (nixpkgs + "/nixos/lib/eval-config.nix") {
      system = hostPlatform;
      inherit modules;
    };

  guest = import ./guest-of.nix { inherit evaluate; } {
    inherit
      configuration
      flake
      name
      system
      layout
      keys
      settings
      flavour
      ;
  };

  # Engine cache: the closure is copied, and contains the keys. What is added here is
  # written down in the guest, for later rebuilds.
  adds = layout != null || keys != [ ];
  # A guest with an immutable /etc is not rebuilt there.
  overlay = guest.config.system.etc.overlay or { enable = false; };
  readOnly = overlay.enable && !overlay.mutable;
  rebuild = import ./rebuild.nix { inherit layout keys; };
  files = builtins.filter (file: file != null) (
    if builtins.isList settings.files or null then settings.files else [ settings.files or null ]
  );
  copied = source: {
    inherit guest;
    settings =
      (if keys == [ ] then { } else { keys = "none"; })
      // settings
      // (if adds && !readOnly then { files = files ++ [ "${rebuild.name}=${source}" ]; } else { });
  };
  copies = settings.engine or null != "nixos-install";
  warned = if adds && copies then builtins.trace "warning: ${rebuild.warning}" else (value: value);

  # Engine nixos-install: the keys are passed like those of a key drive.
  built =
    { lib, pkgs, ... }:
    {
      environment.etc = lib.optionalAttrs (keys != [ ]) {
        "guest-installer/authorized_keys".text = lib.concatStringsSep "\n" keys + "\n";
      };
      services.guest-installer = {
        inherit configuration;
        flake = if builtins.isString flake || flake == null then flake else "${flake}#${name}";
        prebuilt = lib.optional (guest != null) guest;
        settings =
          lib.optionalAttrs (keys != [ ]) { keys = "/etc/guest-installer/authorized_keys"; }
          // {
            layout = if guest == null then layout else guest.config.guestInstaller.layout;
          }
          // settings;
      };
      system.extraDependencies = lib.optional (builtins.isAttrs flake) (
        pkgs.writeText "flake-sources" (lib.concatStringsSep "\n" (sources flake))
      );
    };

  # The sources of a flake and of its inputs, so that nothing in its lock file is fetched.
  sources =
    flake:
    map (input: input.key) (
      builtins.genericClosure {
        startSet = [
          {
            key = "${flake}";
            value = flake;
          }
        ];
        operator =
          input:
          map (value: {
            key = "${value}";
            inherit value;
          }) (builtins.attrValues (input.value.inputs or { }));
      }
    );

  # Where the live system has the file for the guest.
  addition = "guest-installer/rebuild.nix";

  full = evaluate [
    (nixpkgs + "/nixos/modules/installer/cd-dvd/installation-cd-minimal.nix")
    ./module
    { services.guest-installer.enable = true; }
    (
      if copies then
        { lib, ... }:
        {
          services.guest-installer = copied "/etc/${addition}";
          environment.etc = lib.optionalAttrs adds { ${addition}.text = rebuild.text; };
        }
      else
        built
    )
  ];
in
builtins.seq guest warned {
  lean = import ./lean.nix { inherit (guest) pkgs; } (
    copied "/medium/rebuild.nix"
    // {
      files = if adds then { "rebuild.nix" = rebuild.text; } else { };
    }
  );
  full = full.config.system.build.isoImage;
}
.${flavour}
