# SPDX-License-Identifier: MIT
# Guests under Xen: a service installs each guest once through xl and writes the
# configuration of its paravirtualised domain; xendomains starts the domain from it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  common = import ./lib.nix { inherit lib pkgs; };
  guests = common.ofHypervisor "xen" config.virtualisation.guests;
  tools = config.virtualisation.guestTools;
  word = lib.escapeShellArg;
  root = name: "/var/lib/${common.folder name}/root.img";

  install =
    name: guest:
    lib.concatStringsSep " " (
      [
        "${tools}/bin/guest-installer-first-run --hypervisor xen --name ${name}"
        "--disk ${word (root name)}"
        "--size ${word guest.diskSize}"
        "--iso ${common.isoFile guest}"
      ]
      ++ lib.optional (
        guest.bootDiskSize != null
      ) "--boot-disk ${word "/var/lib/${common.folder name}/boot.img:${guest.bootDiskSize}"}"
      ++ map (path: "--extra-disk ${word path}") guest.extraDisks
      ++ common.keyArguments guest
      ++ common.settingArguments guest
      ++ [ "--memory ${toString guest.memory}M --cores ${toString guest.cores}" ]
      ++ lib.optional (guest.network.bridge != null) "--network ${word "bridge=${guest.network.bridge}"}"
    );
in
{
  config = lib.mkIf (guests != { }) {
    systemd.services = lib.mapAttrs' (
      name: guest:
      lib.nameValuePair "guest-${name}" {
        description = "First run of guest ${name}";
        wantedBy = lib.optional guest.autostart "multi-user.target";
        # The names that Xen gives its services, then those of nixpkgs before 24.11.
        after = [
          "xen-init-dom0.service"
          "xenconsoled.service"
          "xen-qemu-dom0-disk-backend.service"
          "xen-console.service"
          "xen-qemu.service"
        ];
        before = [
          "xendomains.service"
          "xen-domains.service"
        ];
        path = [ config.virtualisation.xen.package or "/run/current-system/sw" ];
        script = ''
          if [ ! -e ${word (root name)} ]; then
            ${install name guest}
          fi
        '';
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          TimeoutStartSec = "infinity";
          StateDirectory = common.folder name;
          RuntimeDirectory = common.folder name;
          LoadCredential = common.keyCredentials guest;
        };
      }
    ) guests;

    environment.etc = lib.mapAttrs' (
      name: _: lib.nameValuePair "xen/auto/${name}.cfg" { source = "${root name}.xl"; }
    ) (lib.filterAttrs (_: guest: guest.autostart) guests);
  };
}
