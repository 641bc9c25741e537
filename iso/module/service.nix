# SPDX-License-Identifier: MIT
# The service that owns the machine: it starts when the consoles and the medium
# are there, asks nothing, and ends the machine with its verdict.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.guest-installer;
  settings = import ./settings.nix { inherit lib; };
  unlessDisabled = {
    ConditionKernelCommandLine = "!guest-installer.disable";
  };

  # Only what is fetched is worth a wait for the network.
  isRemote = value: builtins.isString value && builtins.match ".*https?://.*" value != null;
  needsNetwork =
    cfg.settings.engine or null == "nixos-install"
    || builtins.any (value: builtins.any isRemote (if builtins.isList value then value else [ value ])) (
      builtins.attrValues cfg.settings
    );
  network = lib.optional needsNetwork "network-online.target";

  configuration = pkgs.runCommand "guest-installer.conf" { } ''
    {
      ${settings.script cfg.settings cfg.trustedKeyFile}
    } >"$out"
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

    # The kernel's last console is /dev/console; the installer writes to all. On a busy host an
    # emulated timer may come too late for the kernel's check, which then panics.
    boot.kernelParams = [
      "console=tty0"
      "console=ttyS0,115200n8"
      "panic=-1"
      "no_timer_check"
    ];
    boot.loader.timeout = lib.mkForce 1;

    systemd.services.guest-installer = {
      description = "Unattended installation of this machine";
      wantedBy = [ "multi-user.target" ];
      wants = [ "systemd-udev-settle.service" ] ++ network;
      after = [
        "local-fs.target"
        "systemd-udev-settle.service"
      ]
      ++ network;
      unitConfig = unlessDisabled;
      # Services have no NIX_PATH; without one, nix looks where a user has channels.
      environment =
        config.networking.proxy.envVars
        // lib.optionalAttrs (config.nix.nixPath != [ ]) {
          NIX_PATH = lib.concatStringsSep ":" config.nix.nixPath;
        };
      # nixos-generate-config, nixos-install and what they call.
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
        # What an install has begun nobody ends but its own deadline.
        OOMScoreAdjust = -900;
      };
    };

    # Nobody logs in while it works, and a prompt would write over the verdict.
    # The templates, for a unit of one terminal's name would lack the rest.
    systemd.services."getty@".unitConfig = unlessDisabled;
    systemd.services."serial-getty@".unitConfig = unlessDisabled;
    systemd.services."autovt@".unitConfig = unlessDisabled;
  };
}
