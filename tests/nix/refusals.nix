# SPDX-License-Identifier: MIT
# What is refused while it is evaluated, each for one sentence.
let
  lib = import ./standin.nix;
  facts =
    root: swapDevices:
    import ../../iso/facts.nix { inherit lib; } {
      guestInstaller.layout = "bios";
      fileSystems."/" = {
        device = root;
        mountPoint = "/";
        fsType = "ext4";
      };
      inherit swapDevices;
      boot.loader.grub = {
        enable = true;
        device = "/dev/vda";
        efiSupport = false;
      };
      services.openssh = {
        enable = true;
        authorizedKeysFiles = [ ];
      };
    };
  byLabel = label: { device = "/dev/disk/by-label/${label}"; };
in
{
  rootByDevice = facts "/dev/vda1" [ ];
  swapByDevice = facts (byLabel "nixos").device [ { device = "/dev/vda2"; } ];
  twoSwaps = facts (byLabel "nixos").device [
    (byLabel "a")
    (byLabel "b")
  ];
}
