# SPDX-License-Identifier: MIT
# The service of the live system, and the messages for settings that contradict each
# other, evaluated with the stand-in.
let
  lib = import ./standin.nix;
  service =
    settings:
    (import ../../iso/module/service.nix {
      inherit lib;
      pkgs = {
        runCommand = name: _: _: "/nix/store/${name}";
        dosfstools = "/usr";
      };
      config = {
        services.guest-installer = {
          enable = true;
          package = "/usr";
          trustedKeyFile = null;
          inherit settings;
        };
        networking.proxy.envVars.https_proxy = "http://proxy.example.org:3128";
        nix.nixPath = [
          "nixpkgs=/nix/var/nix/profiles/per-user/root/channels/nixos"
          "nixos-config=/etc/nixos/configuration.nix"
        ];
      };
    }).config.systemd.services.guest-installer;

  lines = f: set: lib.concatStrings (lib.mapAttrsToList f set);
  assign = name: value: "${name}=${toString value}\n";

  # As NixOS writes it.
  unit = service: ''
    [Unit]
    Description=${service.description}
    After=${toString service.after}
    Wants=${toString service.wants}
    ${lines assign service.unitConfig}
    [Service]
    ${lines (name: value: "Environment=\"${name}=${value}\"\n") service.environment}${lines assign service.serviceConfig}
    [Install]
    WantedBy=${toString service.wantedBy}
  '';

  broken = settings: lib.filter (rule: !rule.assertion) (import ../../iso/module/rules.nix { inherit lib; } settings);

  pygrub = import ../../iso/layouts/pygrub.nix {
    inherit lib;
    config = { };
    options.boot.loader.grub.extraInstallCommands = null;
    pkgs.gnused = "";
  };
in
{
  "repair-menu" = pygrub.boot.loader.grub.extraInstallCommands;
  "guest-installer.service" = unit (service {
    cache = "file:///iso/cache";
  });
  "guest-installer-builds.service" = unit (service {
    engine = "nixos-install";
  });

  "settings.rules" = lib.concatMapStringsSep "\n" (rule: rule.message) (
    lib.concatMap broken (import ./cases.nix).refused
  );
}
