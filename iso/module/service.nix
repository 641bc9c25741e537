# SPDX-License-Identifier: MIT
# The service that installs: it starts when the consoles and the ISO are available,
# runs without a prompt, and powers the machine off after its verdict.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.guest-installer;
  architecture =
    (import ../architectures.nix).${pkgs.stdenv.hostPlatform.parsed.cpu.name or "x86_64"};
  settings = import ./settings.nix { inherit lib; };
  unlessDisabled = {
    ConditionKernelCommandLine = "!guest-installer.disable";
  };

  # The service waits for the network only if it downloads something.
  isRemote = value: builtins.isString value && builtins.match ".*https?://.*" value != null;
  needsNetwork =
    cfg.settings.engine or null == "nixos-install"
    || builtins.any (value: builtins.any isRemote (if builtins.isList value then value else [ value ])) (
      builtins.attrValues cfg.settings
    );
  network = lib.optional needsNetwork "network-online.target";

  # What the installer would refuse in the machine fails when the ISO is built.
  cache = import ../guest-cache.nix {
    inherit pkgs;
    inherit (cfg) package;
  } cfg.guest;
  check = lib.optionalString (
    cfg.guest != null
  ) "${cfg.package}/bin/guest-installer check --config \"$out\" ${cache}/guest.json";

  configuration = pkgs.runCommand "guest-installer.conf" { } ''
    {
      ${settings.script cfg.settings cfg.trustedKeyFile}
    } >"$out"
    ${check}
  '';
in
{
  config = lib.mkIf cfg.enable {
    services.guest-installer.settings = lib.mapAttrs (_: lib.mkDefault) {
      on-success = "poweroff";
      on-failure = "poweroff";
    };

    environment.etc."guest-installer.conf".source = configuration;
    environment.systemPackages = [ cfg.package ];

    # The last console is /dev/console; the installer writes to all of them.
    boot.kernelParams =
      map (console: "console=${console}") architecture.consoles
      ++ [ "panic=-1" ]
      ++ architecture.kernelParams;
    boot.loader.timeout = lib.mkForce 1;

    systemd.services.guest-installer = {
      description = "Unattended installation of this machine";
      wantedBy = [ "multi-user.target" ];
      # The installer waits for the disks itself.
      wants = network;
      after = [ "local-fs.target" ] ++ network;
      unitConfig = unlessDisabled;
      # Services have no NIX_PATH; without one, Nix searches the channels of a user.
      environment =
        config.networking.proxy.envVars
        // lib.optionalAttrs (config.nix.nixPath != [ ]) {
          NIX_PATH = lib.concatStringsSep ":" config.nix.nixPath;
        };
      # nixos-generate-config, nixos-install and the programs that they run.
      path = [
        "/run/current-system/sw"
        pkgs.dosfstools
      ];
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${cfg.package}/bin/guest-installer install --config /etc/guest-installer.conf";
        TimeoutStartSec = "infinity";
        StandardInput = "null";
        StandardOutput = "journal+console";
        StandardError = "journal+console";
        # Only its own deadline may end an install that has begun.
        OOMScoreAdjust = -900;
      };
    };

    # No login prompt is needed during an install, and it would overwrite the verdict.
    # The templates are changed: a unit for one terminal would replace the template.
    systemd.services."getty@".unitConfig = unlessDisabled;
    systemd.services."serial-getty@".unitConfig = unlessDisabled;
    systemd.services."autovt@".unitConfig = unlessDisabled;
  };
}
