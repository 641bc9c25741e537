# SPDX-License-Identifier: MIT
# Guests that each break one rule of the host module, with its message.
let
  guest = {
    iso = "/srv/guest.iso";
    keyFiles = [ "/etc/keys/me.pub" ];
  };
  system = layout: {
    config.guestInstaller = { inherit layout; };
  };
  of = layout: {
    iso = null;
    system = system layout;
  };
  onBridge = {
    type = "tap";
    bridge = "br0";
  };
in
{
  "guests.refused" =
    (import ./units.nix {
      guestTools = "/usr";
      guests = builtins.mapAttrs (_: difference: guest // difference) {
        Upper = { };
        a-name-that-is-far-too-long = { };
        address.network.address = "192.168.7.3";
        boot-disk.bootDiskSize = "500M";
        both.system = system "gpt";
        bridge.network.bridge = "br0";
        by-uefi = of "bios" // {
          firmware = "uefi";
        };
        clash-of-names-one.network = onBridge;
        clash-of-names-two.network = onBridge;
        iso-with-layout.layout = "gpt";
        layout = of "direct";
        no-bridge.network.type = "tap";
        no-disk = of "pygrub" // {
          hypervisor = "xen";
        };
        no-iso.iso = null;
        no-keys.keyFiles = [ ];
        port.network = onBridge // {
          sshPort = 2222;
        };
        port-one.network.sshPort = 2223;
        port-two.network.sshPort = 2223;
        setting.settings.wipe = true;
        secret.settings.report-token = "geheim";
        kexec.settings.on-success = "kexec";
        boot-installed.settings.if-installed = "boot";
        disk-without-unit.diskSize = "8";
        small-disk.diskSize = "65535K";
        boot-disk-without-unit = {
          hypervisor = "xen";
          bootDiskSize = "500";
        };
        "17".hypervisor = "xen";
        small-xen = {
          hypervisor = "xen";
          memory = 64;
        };
        small-libvirt = {
          hypervisor = "libvirt";
          memory = 127;
        };
        qemu-options = {
          hypervisor = "libvirt";
          qemu.options = [ "-S" ];
        };
        libvirt-with-port = {
          hypervisor = "libvirt";
          network.sshPort = 2224;
        };
        xen-with-vnc = {
          hypervisor = "xen";
          display = "vnc";
        };
        arm-with-bios = guest // {
          architecture = "aarch64";
          firmware = "bios";
        };
        xen-with-uefi = of "gpt" // {
          hypervisor = "xen";
        };
      };
    }).failed;
}
