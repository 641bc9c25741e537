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

  # The key may be made by the same build: no evaluation waits for it.
  configuration = pkgs.runCommand "guest-installer.conf" { text = settings.render cfg.settings; } (
    ''
      printf %s "$text" >"$out"
    ''
    + lib.optionalString (cfg.trustedKeyFile != null) ''
      echo "trusted-keys = $(cat ${cfg.trustedKeyFile})" >>"$out"
    ''
  );
in
{
  config = lib.mkIf cfg.enable {
    services.guest-installer.settings = lib.mapAttrs (_: lib.mkDefault) {
      on-success = "poweroff";
      on-failure = "poweroff";
    };

    environment.etc."guest-installer.conf".source = configuration;
    environment.systemPackages = [ cfg.package ];

    # The kernel's last console is /dev/console; the installer writes to all.
    boot.kernelParams = [
      "console=tty0"
      "console=ttyS0,115200n8"
      "panic=-1"
    ];
    boot.loader.timeout = lib.mkForce 1;

    systemd.services.guest-installer = {
      description = "Unattended installation of this machine";
      wantedBy = [ "multi-user.target" ];
      wants = [ "systemd-udev-settle.service" ];
      after = [
        "local-fs.target"
        "systemd-udev-settle.service"
      ]
      ++ lib.optional (cfg.settings ? cache) "network-online.target";
      unitConfig = unlessDisabled;
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
    systemd.services."getty@tty1".unitConfig = unlessDisabled;
    systemd.services."autovt@".unitConfig = unlessDisabled;
    systemd.services."serial-getty@ttyS0".unitConfig = unlessDisabled;
    systemd.services."serial-getty@hvc0".unitConfig = unlessDisabled;
  };
}
