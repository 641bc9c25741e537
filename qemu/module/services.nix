# SPDX-License-Identifier: MIT
# One service per guest under QEMU. It runs run-guest, which installs the guest if its
# disk is missing, runs it, and presses its power button when the service is stopped.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:
let
  common = import ./lib.nix { inherit lib pkgs; };
  inherit (common) folder user;

  tools = config.virtualisation.guestTools;
  guests = common.ofHypervisor "qemu" config.virtualisation.guests;
  word = lib.escapeShellArg;

  # The option and its value become arguments of QEMU.
  qemuWords =
    option:
    let
      parts = builtins.match "([^ ]+) +(.*)" option;
    in
    map (part: "--qemu-arg ${word part}") (if parts == null then [ option ] else parts);

  command =
    name: guest:
    lib.concatStringsSep " " (
      [
        "exec ${tools}/bin/guest-installer-run-guest ${word "/var/lib/${folder name}/disk.qcow2"}"
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
      ++ map (path: "--disk ${word path}") guest.extraDisks
      ++ lib.optional (guest.network.type == "tap") "--network none --tap ${common.interface name guest}"
      ++ lib.optional (
        guest.network.sshPort != null
      ) "--ssh-port ${toString guest.network.sshPort}"
      ++ lib.optional guest.usbTablet "--usb-tablet"
      ++ lib.optional (guest.display == "vnc") "--vnc \"$RUNTIME_DIRECTORY/vnc\""
      ++ lib.concatMap qemuWords guest.qemu.options
      ++ [ "--stop-timeout ${toString guest.stopTimeout}" ]
    );

  # Escapes a word for a unit file, in which % begins a specifier.
  unitWord = path: lib.replaceStrings [ "%" ] [ "%%" ] (builtins.toJSON path);
  isDevice = path: builtins.match "/dev/.*" path != null;

  service =
    name: guest:
    let
      tapped = guest.network.type == "tap";
      devices = lib.filter isDevice guest.extraDisks;
      images = map unitWord (lib.filter (path: !isDevice path) guest.extraDisks);
      units = map (path: "${utils.escapeSystemdPath path}.device") (
        devices ++ lib.optional tapped "/sys/subsystem/net/devices/${common.interface name guest}"
      );
    in
    {
      description = "Guest ${name}";
      wantedBy = lib.optional guest.autostart "multi-user.target";
      after = [ "network.target" ] ++ units;
      wants = units;
      # A changed option applies from the guest's next start: it is not restarted.
      restartIfChanged = false;

      script = command name guest;

      unitConfig = {
        StartLimitIntervalSec = 1800;
        StartLimitBurst = 5;
      }
      // lib.optionalAttrs (images != [ ]) { RequiresMountsFor = images; };

      serviceConfig = common.serviceConfig name guest // {
        User = user name;

        # The group disk may open all disks of the host; the device list allows the guest's only.
        SupplementaryGroups = [ "kvm" ] ++ lib.optional (devices != [ ]) "disk";
        DeviceAllow = [
          "/dev/kvm rw"
        ]
        ++ lib.optional tapped "/dev/net/tun rw"
        ++ map (path: "${unitWord path} rw") devices;
      }
      // lib.optionalAttrs (images != [ ]) { ReadWritePaths = images; }
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
    users.groups.kvm = { };
  };
}
