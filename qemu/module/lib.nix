# SPDX-License-Identifier: MIT
# Names, files and arguments that the parts of the host module share.
{ lib, pkgs }:
rec {
  enabled = lib.filterAttrs (_: guest: guest.enable);
  ofHypervisor =
    hypervisor: guests: lib.filterAttrs (_: guest: guest.hypervisor == hypervisor) (enabled guests);

  # StateDirectory and RuntimeDirectory are below /var/lib and /run.
  folder = name: "guests/${name}";
  user = name: "guest-${name}";

  # The name of a network interface has at most 15 characters.
  interface =
    name: guest:
    if guest.network.interface != null then
      guest.network.interface
    else
      builtins.substring 0 15 "vm-${name}";

  # Text that contains ${file} copies a file of the configuration to the store.
  isoFile =
    guest:
    let
      made = import ../../iso/guest-iso.nix { nixpkgs = pkgs.path; } {
        inherit (guest) system layout;
        hostPlatform =
          if guest.architecture != null then
            "${guest.architecture}-linux"
          else
            pkgs.stdenv.hostPlatform.system;
      };
      iso = if guest.system != null then made else guest.iso;
    in
    if lib.isDerivation iso then "${iso}/iso/*.iso" else lib.escapeShellArg "${iso}";

  # first-run recognises a public key by its file name, so the copy gets one that ends in .pub.
  keyName = index: "key${toString index}.pub";
  keyCredentials =
    guest:
    lib.imap0 (
      index: file: "${keyName index}:${lib.replaceStrings [ "%" ] [ "%%" ] "${file}"}"
    ) guest.keyFiles;
  keyArguments =
    guest: lib.imap0 (index: _: "--key \"$CREDENTIALS_DIRECTORY/${keyName index}\"") guest.keyFiles;

  # What the guest or its ISO says without these.
  machineArguments =
    guest:
    lib.optional (guest.architecture != null) "--arch ${guest.architecture}"
    ++ lib.optional (guest.firmware != null) "--firmware ${guest.firmware}";

  # How systemd runs run-guest, which notifies it, and presses the guest's button at SIGTERM.
  serviceConfig = name: guest: {
    Type = "notify";
    # first-run, a child of the main process, reports progress.
    NotifyAccess = "all";
    # run-guest has its own deadline.
    TimeoutStartSec = "infinity";

    # SIGTERM goes to run-guest only, which presses the button and has its own
    # deadline. QEMU must not get it.
    KillMode = "mixed";
    TimeoutStopSec = guest.stopTimeout + 30;
    # The service was stopped during the installation; the next start begins again.
    SuccessExitStatus = 143;

    # Only transient failures restart the service: a failed download (42), an
    # unexpected end of QEMU (80), another run with this guest (82), and a signal that
    # killed run-guest. All other failures would repeat after the time of a boot.
    Restart = "on-abnormal";
    RestartForceExitStatus = "42 80 82";
    RestartSec = 10;

    StateDirectory = folder name;
    StateDirectoryMode = "0700";
    RuntimeDirectory = folder name;
    RuntimeDirectoryMode = "0700";
    LoadCredential = keyCredentials guest;
  };

  settingArguments =
    guest:
    map (assignment: "--set ${lib.escapeShellArg assignment}") (
      (import ../../iso/module/settings.nix { inherit lib; }).assignments guest.settings
    );
}
