# SPDX-License-Identifier: MIT
# Evaluates the guest of a mkGuestIso call; null if the key drive provides it.
# Arguments that contradict each other are refused with one sentence.
{ evaluate }:
{
  configuration,
  flake,
  name,
  system,
  layout,
  keys,
  settings,
  flavour,
  ...
}:
let
  layouts = import ./layouts;
  builds = settings.engine or null == "nixos-install";
  listed = set: builtins.concatStringsSep ", " (builtins.attrNames set);

  # The two halves of a reference; nixos-install splits it at the same place.
  parts = if builtins.isString flake then builtins.match "(.*)#([^#]+)" flake else null;
  configurations =
    (if parts != null then builtins.getFlake (builtins.head parts) else flake).nixosConfigurations or { };
  chosen = if parts != null then builtins.elemAt parts 1 else name;

  additions =
    (
      if layout == null then
        [ ]
      else
        [
          layouts.${layout}
          ./own-disk.nix
        ]
    )
    ++ (if keys == [ ] then [ ] else [ { users.users.root.openssh.authorizedKeys.keys = keys; } ]);
  evaluated = if system != null then system else configurations.${chosen};

  given = builtins.filter (source: source != null) [
    configuration
    flake
    system
  ];
  guest =
    if given == [ ] then
      null
    else if configuration != null then
      evaluate ([ configuration ] ++ additions)
    else if additions == [ ] then
      evaluated
    else
      evaluated.extendModules { modules = additions; };

  # The order matters: a later condition may rely on an earlier one.
  refusals = [
    {
      when = builtins.length given > 1 || given == [ ] && !builds;
      sentence = "say one of configuration, flake and system: ${toString (builtins.length given)} are given.";
    }
    {
      when = builtins.isString flake && parts == null;
      sentence = "flake is \"${toString flake}\": a reference names a configuration, as in \"github:me/machines#web\".";
    }
    {
      when = flake != null && chosen == null;
      sentence = "flake is given: say which of its nixosConfigurations in name.";
    }
    {
      when = name != null && (flake == null || parts != null);
      sentence = "name is given, but it chooses out of a flake, and a reference has one behind its #.";
    }
    {
      when = flake != null && !(configurations ? ${chosen});
      sentence = "the flake has no nixosConfigurations.${toString chosen}: there are ${listed configurations}.";
    }
    {
      when = layout != null && !(layouts ? ${layout});
      sentence = "there is no layout ${toString layout}: there are ${listed layouts}.";
    }
    {
      when = !builtins.elem flavour [
        "lean"
        "full"
      ];
      sentence = "there is no flavour ${toString flavour}: it can be lean or full.";
    }
    {
      when = builds && flavour != "full";
      sentence = "the lean ISO has no nixos-install: say flavour = \"full\", or leave settings.engine out.";
    }
    {
      when =
        flavour == "lean"
        && builtins.any (key: settings.${key} or null == "exit") [
          "on-success"
          "on-failure"
        ];
      sentence = "in the lean ISO there is nothing to exit to: leave settings.on-success and settings.on-failure out, or say flavour = \"full\".";
    }
    {
      when = builds && system != null;
      sentence = "a system is built already, and nixos-install builds one: say configuration or flake, or leave settings.engine out.";
    }
    {
      when =
        builds
        && configuration != null
        && !(builtins.isPath configuration || builtins.isString configuration);
      sentence = "nixos-install reads the configuration from a file: give its path.";
    }
    {
      when = builds && flake != null && layout != null;
      sentence = "nixos-install builds the flake as it is: have the layout among the configuration's own modules.";
    }
    {
      when =
        given != [ ] && configuration == null && additions != [ ] && !(evaluated ? extendModules);
      sentence = "this nixpkgs cannot add layout and keys to an evaluated system: have them among its modules.";
    }
    {
      when = given != [ ] && !(guest.config ? guestInstaller);
      sentence = "the guest has no disk layout: say layout = \"gpt\", or add one of the layout modules to its own.";
    }
  ];
  refuse = _: refusal: if refusal.when then throw "mkGuestIso: ${refusal.sentence}" else null;
in
builtins.seq (builtins.foldl' refuse null refusals) guest
