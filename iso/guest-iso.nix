# SPDX-License-Identifier: MIT
# mkGuestIso — an ISO that installs one guest, from its configuration in one call.
#
#   configuration  a NixOS module or a path to one; or instead
#   system         an evaluated system (nixosConfigurations.NAME, eval-config)
#   layout         bios, gpt, pygrub or direct; null if the modules have one
#   keys           authorized_keys lines baked into the guest, for guests whose
#                  host gives no key drive (settings.keys = "none" is then set)
#   settings       lines of guest-installer.conf
#   flavour        "lean": a kernel and the installer, starts in seconds;
#                  "full": the NixOS installation image, a live system as well
{ nixpkgs }:
{
  configuration ? null,
  system ? null,
  layout ? null,
  keys ? [ ],
  settings ? { },
  flavour ? "lean",
  hostPlatform ? "x86_64-linux",
}:
assert (configuration == null) != (system == null) || throw "mkGuestIso takes a configuration or a system: one of them, not both.";
assert system == null || layout == null && keys == [ ] || throw "mkGuestIso: an evaluated system has its layout and its keys already.";
let
  evaluate =
    modules:
    import (nixpkgs + "/nixos/lib/eval-config.nix") {
      system = hostPlatform;
      inherit modules;
    };

  guest =
    if system != null then
      system
    else
      evaluate (
        [ configuration ]
        ++ (if layout == null then [ ] else [ (import ./layouts).${layout} ])
        ++ [ { users.users.root.openssh.authorizedKeys.keys = keys; } ]
      );

  allSettings = (if keys == [ ] then { } else { keys = "none"; }) // settings;

  lean = import ./lean.nix { inherit (guest) pkgs; } {
    inherit guest;
    settings = allSettings;
  };

  full = evaluate [
    (nixpkgs + "/nixos/modules/installer/cd-dvd/installation-cd-minimal.nix")
    ./module
    {
      services.guest-installer = {
        enable = true;
        inherit guest;
        settings = allSettings;
      };
    }
  ];
in
{
  inherit lean;
  full = full.config.system.build.isoImage;
}
.${flavour}
