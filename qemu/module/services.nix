# SPDX-License-Identifier: MIT
# One service per guest under QEMU: it installs the guest if its disk is missing,
# runs it, and stops it with its power button.
{ config, lib, ... }:
let
  common = import ./lib.nix { inherit lib; };
  inherit (common) folder disk user;

  tools = config.virtualisation.guestTools;
  guests = common.ofHypervisor "qemu" config.virtualisation.guests;
  word = lib.escapeShellArg;

  machine = guest: [
    "--memory ${toString guest.memory}M"
    "--cores ${toString guest.cores}"
    "--firmware ${guest.firmware}"
  ];

  install =
    name: guest:
    lib.concatStringsSep " " (
      [
        "exec ${tools}/bin/guest-installer-first-run"
        "--disk ${word (disk name)}"
        "--size ${word guest.diskSize}"
        "--iso ${common.isoFile guest.iso}"
      ]
      ++ common.keyArguments guest
      ++ common.settingArguments guest
      ++ machine guest
    );

  run =
    name: guest:
    lib.concatStringsSep " " (
      [
        "exec ${tools}/bin/guest-installer-run-guest ${word (disk name)}"
      ]
      ++ machine guest
      ++ map (path: "--disk ${word path}") guest.extraDisks
      ++ lib.optional (guest.network.type == "tap") "--tap ${common.interface name guest}"
      ++ lib.optional (
        guest.network.sshPort != null
      ) "--ssh-port ${toString guest.network.sshPort}"
      ++ lib.optional guest.usbTablet "--usb-tablet"
      ++ lib.optional (guest.display == "vnc") "--vnc \"$RUNTIME_DIRECTORY/vnc\""
    );

  service = name: guest: {
    description = "Guest ${name}";
    wantedBy = lib.optional guest.autostart "multi-user.target";
    after = [ "network.target" ];
    # A changed option counts at the guest's next start; it is not torn down.
    restartIfChanged = false;

    preStart = ''
      if [ ! -e ${word (disk name)} ]; then
        ${install name guest}
      fi
    '';
    script = run name guest;
    preStop = ''
      ${tools}/bin/guest-installer-run-guest ${word (disk name)} --stop \
        --stop-timeout ${toString guest.stopTimeout} || true
    '';

    serviceConfig = {
      Type = "notify";
      # The tools tell the manager how far they are, and when the guest runs.
      NotifyAccess = "all";
      # first-run has a deadline of its own.
      TimeoutStartSec = "infinity";
      TimeoutStopSec = guest.stopTimeout + 30;
      KillMode = "mixed";
      Restart = "on-failure";
      RestartSec = 10;

      User = user name;
      SupplementaryGroups = "kvm";
      StateDirectory = folder name;
      StateDirectoryMode = "0700";
      RuntimeDirectory = folder name;
      RuntimeDirectoryMode = "0700";
      LoadCredential = common.keyCredentials guest;
    }
    // import ./hardening.nix;
  };
in
{
  config = lib.mkIf (guests != { }) {
    environment.systemPackages = [ tools ];

    systemd.services = lib.mapAttrs' (
      name: guest: lib.nameValuePair "guest-${name}" (service name guest)
    ) guests;

    users.users = lib.mapAttrs' (
      name: _:
      lib.nameValuePair (user name) {
        isSystemUser = true;
        group = "guests";
        description = "Guest ${name}";
      }
    ) guests;
    users.groups.guests = { };
  };
}
