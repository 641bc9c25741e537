# SPDX-License-Identifier: MIT
# Guests of a host, for the test of their services.
let
  guest = {
    iso = "/srv/guest.iso";
    keyFiles = [ "/etc/keys/me.pub" ];
    settings = {
      swap = "1G";
      timeout = 1800;
    };
  };
in
import ./units.nix {
  guestTools = "/usr";
  xen.enable = true;
  guests = {
    web = guest // {
      cores = 2;
      extraDisks = [
        "/dev/vg/web data"
        "/srv/100%.img"
      ];
      network.sshPort = 2222;
      usbTablet = true;
      display = "vnc";
      qemu.options = [
        "-device edu,id=it's"
        "-S"
      ];
    };
    database = guest // {
      autostart = false;
      settings = { };
      network = {
        type = "tap";
        bridge = "br0";
        address = "192.168.7.3";
      };
      stopTimeout = 300;
    };
    mail = guest // {
      hypervisor = "xen";
      diskSize = "4G";
      bootDiskSize = "500M";
      extraDisks = [ "/dev/vg/mail" ];
      network = {
        bridge = "xenbr0";
        address = "192.168.7.4";
      };
    };
    spare = guest // {
      hypervisor = "xen";
      autostart = false;
      network.bridge = null;
    };
    shop = guest // {
      hypervisor = "libvirt";
      architecture = "aarch64";
      firmware = "uefi";
      libvirt.connect = "qemu+ssh://root@vm1.example/system";
      libvirt.network = "lan";
    };
    off = guest // {
      enable = false;
    };
  };
}
