# SPDX-License-Identifier: MIT
# mkGuestIso — an ISO that installs one guest, from its configuration in one call.
#
# The guest, one of
#   configuration  a NixOS module or a path to one
#   flake          a flake that has nixosConfigurations, with `name`; or both as
#                  a reference, "REF#NAME"
#   system         an evaluated system (nixosConfigurations.NAME, eval-config)
# and
#   layout         bios, gpt, pygrub or direct; null if the modules have one
#   keys           authorized_keys lines baked into the guest, for guests whose
#                  host gives no key drive (settings.keys = "none" is then set)
#   settings       lines of guest-installer.conf; with engine = "nixos-install"
#                  the guest is built on its own disk: from a configuration that
#                  is one file, from a flake, or from what its key drive brings
#   flavour        "lean": a kernel and the installer, starts in seconds;
#                  "full": the NixOS installation image, a live system as well
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
  layouts = import ./layouts;
  builds = settings.engine or null == "nixos-install";
  fail = sentence: throw "mkGuestIso: ${sentence}";
  listed = set: builtins.concatStringsSep ", " (builtins.attrNames set);

  # A reference's two halves; the installer takes it apart at the same place.
  parts = if builtins.isString flake then builtins.match "(.*)#([^#]+)" flake else null;
  configurations =
    (if parts != null then builtins.getFlake (builtins.head parts) else flake).nixosConfigurations or { };
  chosen = if parts != null then builtins.elemAt parts 1 else name;

  given = builtins.filter (source: source != null) [
    configuration
    flake
    system
  ];
  checks = [
    {
      ok = builtins.length given == 1 || builds && given == [ ];
      sentence = "say one of configuration, flake and system: ${toString (builtins.length given)} are given.";
    }
    {
      ok = !builtins.isString flake || parts != null;
      sentence = "flake is \"${toString flake}\": a reference names a configuration, as in \"github:me/machines#web\".";
    }
    {
      ok = flake == null || chosen != null;
      sentence = "flake is given: say which of its nixosConfigurations in name.";
    }
    {
      ok = name == null || flake != null && parts == null;
      sentence = "name is given, but it chooses out of a flake, and a reference has one behind its #.";
    }
    {
      ok = flake == null || configurations ? ${toString chosen};
      sentence = "the flake has no nixosConfigurations.${toString chosen}: there are ${listed configurations}.";
    }
    {
      ok = layout == null || layouts ? ${layout};
      sentence = "there is no layout ${toString layout}: there are ${listed layouts}.";
    }
    {
      ok = builtins.elem flavour [
        "lean"
        "full"
      ];
      sentence = "there is no flavour ${toString flavour}: it can be lean or full.";
    }
    {
      ok = !builds || flavour == "full";
      sentence = "the lean ISO has no nixos-install: say flavour = \"full\", or leave settings.engine out.";
    }
    {
      ok = !builds || system == null;
      sentence = "a system is built already, and nixos-install builds one: say configuration or flake, or leave settings.engine out.";
    }
    {
      ok = !builds || configuration == null || builtins.isPath configuration || builtins.isString configuration;
      sentence = "nixos-install reads the configuration from a file: give its path.";
    }
    {
      ok = given == [ ] || guest.config ? guestInstaller;
      sentence = "the guest has no disk layout: say layout = \"gpt\", or add one of the layout modules to its own.";
    }
  ];
  checked = builtins.foldl' (rest: check: if check.ok then rest else fail check.sentence) true checks;

  evaluate =
    modules:
    import (nixpkgs + "/nixos/lib/eval-config.nix") {
      system = hostPlatform;
      inherit modules;
    };

  additions =
    (if layout == null then [ ] else [ layouts.${layout} ])
    ++ (if keys == [ ] then [ ] else [ { users.users.root.openssh.authorizedKeys.keys = keys; } ]);

  extend =
    evaluated:
    if additions == [ ] then
      evaluated
    else if evaluated ? extendModules then
      evaluated.extendModules { modules = additions; }
    else
      fail "this nixpkgs cannot add layout and keys to an evaluated system: have them among its modules.";

  guest =
    if configuration != null then
      evaluate ([ configuration ] ++ additions)
    else
      extend (if system != null then system else configurations.${chosen});

  # Built on the target, the guest gets the keys as any other file of keys.
  keyFile = builtins.toFile "authorized_keys" (builtins.concatStringsSep "\n" keys + "\n");
  allSettings =
    (
      if keys == [ ] then
        { }
      else
        { keys = if builds then "/etc/guest-installer/authorized_keys" else "none"; }
    )
    // (
      if !builds then
        { }
      else
        { layout = if given == [ ] then layout else guest.config.guestInstaller.layout; }
    )
    // settings;

  lean = import ./lean.nix { inherit (guest) pkgs; } {
    inherit guest;
    settings = allSettings;
  };

  copied.services.guest-installer = { inherit guest; };

  built =
    { lib, pkgs, ... }:
    {
      environment.etc = lib.optionalAttrs (keys != [ ]) {
        "guest-installer/authorized_keys".source = keyFile;
      };
      services.guest-installer = {
        inherit configuration;
        flake = if builtins.isString flake || flake == null then flake else "${flake}#${name}";
        prebuilt = lib.optional (given != [ ]) guest;
      };
      system.extraDependencies = lib.optional (builtins.isAttrs flake) (
        pkgs.writeText "flake-sources" (lib.concatStringsSep "\n" (sources flake))
      );
    };

  # What a flake is made of, so that nothing in its lock file has to be fetched.
  sources =
    flake:
    map (input: input.value.outPath) (
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

  full = evaluate [
    (nixpkgs + "/nixos/modules/installer/cd-dvd/installation-cd-minimal.nix")
    ./module
    {
      services.guest-installer = {
        enable = true;
        settings = allSettings;
      };
    }
    (if builds then built else copied)
  ];
in
assert checked;
{
  inherit lean;
  full = full.config.system.build.isoImage;
}
.${flavour}
