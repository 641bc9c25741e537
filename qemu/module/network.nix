# SPDX-License-Identifier: MIT
# The tap interfaces of guests on a bridge, each owned by its guest's user.
{ config, lib, ... }:
let
  common = import ./lib.nix { inherit lib; };
  tapped = lib.filterAttrs (_: guest: guest.network.type == "tap") (
    common.ofHypervisor "qemu" config.virtualisation.guests
  );
  addressed = lib.filterAttrs (_: guest: guest.network.address != null) (
    common.enabled config.virtualisation.guests
  );
in
{
  config = lib.mkMerge [
    (lib.mkIf (tapped != { }) {
      networking.interfaces = lib.mapAttrs' (
        name: guest:
        lib.nameValuePair (common.interface name guest) {
          virtual = true;
          virtualType = "tap";
          virtualOwner = common.user name;
        }
      ) tapped;

      networking.bridges = lib.mkMerge (
        lib.mapAttrsToList (name: guest: {
          ${guest.network.bridge}.interfaces = [ (common.interface name guest) ];
        }) (lib.filterAttrs (_: guest: guest.network.bridge != null) tapped)
      );
    })
    {
      networking.extraHosts = lib.concatStrings (
        lib.mapAttrsToList (name: guest: "${guest.network.address} ${name}\n") addressed
      );
    }
  ];
}
