# SPDX-License-Identifier: MIT
# Guests under Xen: a service installs each once, through xl, and leaves the
# paravirtualised domain's file where xendomains starts it.
{ config, lib, ... }:
let
  common = import ./lib.nix { inherit lib; };
  guests = common.ofHypervisor "xen" config.virtualisation.guests;
  tools = config.virtualisation.guestTools;
  word = lib.escapeShellArg;
in
{
  config = lib.mkIf (guests != { }) {
    systemd.services = lib.mapAttrs' (
      name: guest:
      lib.nameValuePair "guest-${name}" {
        description = "First run of guest ${name}";
        wantedBy = lib.optional guest.autostart "multi-user.target";
        after = [ "xen-init-dom0.service" "xenconsoled.service" ];
        before = [ "xendomains.service" ];
        path = [ config.virtualisation.xen.package or "/run/current-system/sw" ];
        script = lib.concatStringsSep " " (
          [
            "[ -e /etc/xen/auto/${name}.cfg ] || exec ${tools}/bin/guest-installer-first-run"
            "--hypervisor xen --domain ${name}"
            "--disk ${word "/var/lib/${common.folder name}/root.img"}"
            "--size ${word guest.diskSize}"
            "--iso ${common.isoFile guest.iso}"
            "--memory ${toString guest.memory}M --cores ${toString guest.cores}"
          ]
          ++ lib.imap0 (index: _: "--key \"$CREDENTIALS_DIRECTORY/key${toString index}\"") guest.keyFiles
          ++ lib.optional (guest.network.bridge != null) "--bridge ${word guest.network.bridge}"
        );
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          TimeoutStartSec = "infinity";
          StateDirectory = common.folder name;
          RuntimeDirectory = common.folder name;
          LoadCredential = lib.imap0 (
            index: file: "key${toString index}:${toString file}"
          ) guest.keyFiles;
        };
      }
    ) guests;
  };
}
