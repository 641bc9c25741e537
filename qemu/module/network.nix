# SPDX-License-Identifier: MIT
# The tap interfaces of guests on a bridge, each owned by its guest's user, and the
# names of guests with a fixed address.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  common = import ./lib.nix { inherit lib pkgs; };
  guests = common.enabled config.virtualisation.guests;
  tapped = lib.filterAttrs (_: guest: guest.network.type == "tap" && guest.network.bridge != null) (
    common.ofHypervisor "qemu" guests
  );
  addressed = lib.filterAttrs (_: guest: guest.network.address != null) guests;

  bridges = lib.unique (lib.mapAttrsToList (_: guest: guest.network.bridge) tapped);
  members = bridge: lib.filterAttrs (_: guest: guest.network.bridge == bridge) tapped;
in
{
  config.networking = {
    interfaces = lib.mapAttrs' (
      name: guest:
      lib.nameValuePair (common.interface name guest) {
        virtual = true;
        virtualType = "tap";
        virtualOwner = common.user name;
      }
    ) tapped;

    bridges = lib.genAttrs bridges (bridge: {
      interfaces = lib.mapAttrsToList common.interface (members bridge);
    });

    extraHosts = lib.concatStrings (
      lib.mapAttrsToList (name: guest: "${guest.network.address} ${name}\n") addressed
    );
  };
}
