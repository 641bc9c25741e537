# SPDX-License-Identifier: MIT
# One service per guest under libvirt. It runs run-guest, which has first-run install and
# define the guest if there is no domain of its name, starts the domain, and presses its
# power button when the service is stopped.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  common = import ./lib.nix { inherit lib pkgs; };
  guests = common.ofHypervisor "libvirt" config.virtualisation.guests;
  tools = config.virtualisation.guestTools;
  word = lib.escapeShellArg;

  network =
    guest:
    if guest.libvirt.network != null then
      "network=${guest.libvirt.network}"
    else if guest.network.type == "tap" then
      "bridge=${toString guest.network.bridge}"
    else
      "user";

  command =
    name: guest:
    lib.concatStringsSep " " (
      [
        "exec ${tools}/bin/guest-installer-run-guest ${name} --hypervisor libvirt"
        "--connect ${word guest.libvirt.connect} --pool ${word guest.libvirt.pool}"
        "--size ${guest.diskSize}"
        "--iso ${common.isoFile guest}"
      ]
      ++ common.keyArguments guest
      ++ common.settingArguments guest
      ++ [
        "--memory ${toString guest.memory}M"
        "--cores ${toString guest.cores}"
      ]
      ++ common.machineArguments guest
      ++ [
        "--network ${word (network guest)}"
        "--stop-timeout ${toString guest.stopTimeout}"
      ]
    );
in
{
  config = lib.mkIf (guests != { }) {
    systemd.services = lib.mapAttrs' (
      name: guest:
      lib.nameValuePair "guest-${name}" {
        description = "Guest ${name}";
        wantedBy = lib.optional guest.autostart "multi-user.target";
        wants = [ "network-online.target" ];
        after = [
          "network-online.target"
          "libvirtd.service"
        ];
        # A changed option applies to a guest that is installed anew.
        restartIfChanged = false;
        script = command name guest;
        serviceConfig = common.serviceConfig name guest // {
          # The records of the installation are written there.
          WorkingDirectory = "/var/lib/${common.folder name}";
        };
      }
    ) guests;
  };
}
