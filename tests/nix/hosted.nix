# SPDX-License-Identifier: MIT
# The guests that tests/qemu/services.sh runs; the paths of their files are those of
# its systemd-init.
let
  keyFiles = [ "/run/test/key.pub" ];
  standin = name: {
    inherit keyFiles;
    iso = "/run/test/${name}.iso";
    diskSize = "64M";
    memory = 64;
    stopTimeout = 20;
  };
  web = {
    inherit keyFiles;
    iso = "/run/test/tree/build/guest-installer.iso";
    diskSize = "2G";
    memory = 256;
    stopTimeout = 300;
  };
in
import ./units.nix {
  guestTools = "/run/test/tools";
  guests = {
    web = web // {
      extraDisks = [
        "/dev/data"
        "/var/lib/images/50% full.img"
      ];
      network.sshPort = 2222;
      display = "vnc";
    };
    twin = web // {
      network = {
        type = "tap";
        bridge = "br0";
      };
    };
    refused = standin "refused";
    fetching = standin "fetching";
    slow = standin "slow";
    deaf = standin "deaf" // {
      stopTimeout = 2;
    };
    broken = standin "broken";
  };
}
