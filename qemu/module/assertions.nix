# SPDX-License-Identifier: MIT
{
  config,
  lib,
  pkgs,
  ...
}:
let
  common = import ./lib.nix { inherit lib pkgs; };
  guests = common.enabled config.virtualisation.guests;
  qemu = common.ofHypervisor "qemu" guests;
  xen = common.ofHypervisor "xen" guests;

  interfaces = lib.mapAttrsToList common.interface (
    lib.filterAttrs (_: guest: guest.network.type == "tap") qemu
  );
  ports = lib.filter (port: port != null) (
    lib.mapAttrsToList (_: guest: guest.network.sshPort) qemu
  );

  # The layout of an ISO is unknown here.
  layoutOf =
    guest:
    if guest.layout != null || guest.system == null then
      guest.layout
    else
      guest.system.config.guestInstaller.layout or null;
  layouts = rec {
    qemu = [
      "bios"
      "gpt"
    ];
    libvirt = qemu;
    xen = [
      "direct"
      "pygrub"
    ];
  };

  # What first-run refuses of a size, as the option's type accepts it.
  units = {
    "" = 1;
    K = 1024;
    M = 1024 * 1024;
    G = 1024 * 1024 * 1024;
    T = 1024 * 1024 * 1024 * 1024;
  };
  bytesOf =
    size:
    let
      parts = builtins.match "([0-9]+)([KMGT]?)" size;
    in
    builtins.fromJSON (builtins.elemAt parts 0) * units.${builtins.elemAt parts 1};

  of = name: sentence: "virtualisation.guests.${name}: ${sentence}";
  each = check: lib.concatLists (lib.mapAttrsToList check guests);
in
{
  config.assertions =
    each (
      name: guest: [
        {
          assertion = builtins.match "[a-z0-9]([a-z0-9-]{0,24})" name != null;
          message = of name "the name becomes a user's and a service's: up to 25 of a-z, 0-9 and -.";
        }
        {
          assertion = guest.hypervisor != "xen" || builtins.match "[0-9]+" name == null;
          message = of name "xl takes a name of digits alone for the number of a domain: give it a letter.";
        }
        {
          assertion = bytesOf guest.diskSize >= 64 * units.M;
          message = of name "no guest fits on a disk of ${guest.diskSize}: set diskSize to 64M or more, with its unit, such as 8G.";
        }
        {
          assertion = guest.bootDiskSize == null || bytesOf guest.bootDiskSize >= units.M;
          message = of name "bootDiskSize ${toString guest.bootDiskSize} is less than 1M: set it with its unit, such as 500M.";
        }
        {
          # Under QEMU run-guest gives the installer more memory than the guest.
          assertion = guest.hypervisor == "qemu" || guest.memory >= 128;
          message = of name "the installer needs memory = 128 or more under ${guest.hypervisor}.";
        }
        {
          assertion = guest.settings.report-token or null == null;
          message = of name "settings.report-token is a secret, which the Nix store and the list of processes show: leave it out.";
        }
        {
          assertion =
            guest.settings.on-success or null != "kexec" && guest.settings.if-installed or null != "boot";
          message = of name "first-run waits until the installer has ended, and then the guest is started: leave settings.on-success and settings.if-installed out.";
        }
        {
          assertion = (guest.iso == null) != (guest.system == null);
          message = of name "what installs it is either an iso or a system.";
        }
        {
          assertion = guest.system != null || guest.layout == null;
          message = of name "layout is added to a system; an ISO has its own.";
        }
        {
          assertion =
            layoutOf guest == null || builtins.elem (layoutOf guest) layouts.${guest.hypervisor};
          message = of name "a guest under ${guest.hypervisor} has the layout ${lib.concatStringsSep " or " layouts.${guest.hypervisor}}, not ${toString (layoutOf guest)}.";
        }
        {
          assertion = layoutOf guest != "bios" || guest.firmware != "uefi";
          message = of name "its layout bios does not boot by UEFI: choose the layout gpt.";
        }
        {
          assertion =
            guest.architecture != "aarch64" || guest.firmware != "bios" && guest.hypervisor != "xen";
          message = of name "a guest of 64-bit ARM boots by UEFI, under QEMU or libvirt: leave firmware away.";
        }
        {
          assertion = layoutOf guest == null || (layoutOf guest == "pygrub") == (guest.bootDiskSize != null);
          message = of name "the layout pygrub has a second disk for /boot, and no other one has: set bootDiskSize for that one only.";
        }
        {
          assertion = guest.keyFiles != [ ] || guest.settings.keys or "" == "none";
          message = of name "no one could log in: give keyFiles, or settings.keys = \"none\" if its configuration has keys.";
        }
        {
          assertion = guest.network.type == "user" || guest.network.bridge != null;
          message = of name "network.type = \"tap\" needs a bridge of the host: set network.bridge.";
        }
        {
          assertion = guest.network.type == "tap" || guest.hypervisor == "xen" || guest.network.bridge == null;
          message = of name "network.bridge needs network.type = \"tap\".";
        }
        {
          assertion = guest.network.type == "user" || guest.network.sshPort == null;
          message = of name "network.sshPort belongs to network.type = \"user\"; a guest on a bridge has an address of its own.";
        }
        {
          assertion = guest.hypervisor == "xen" || guest.bootDiskSize == null;
          message = of name "bootDiskSize is for guests under Xen.";
        }
        {
          assertion =
            guest.hypervisor != "xen"
            ||
              guest.firmware != "uefi" && !guest.usbTablet && guest.display == "none" && guest.network.sshPort == null;
          message = of name "firmware, usbTablet, display and network.sshPort are for guests under QEMU.";
        }
        {
          assertion =
            guest.hypervisor != "libvirt"
            ||
              !guest.usbTablet && guest.display == "none" && guest.network.sshPort == null && guest.extraDisks == [ ];
          message = of name "usbTablet, display, network.sshPort and extraDisks are not for guests under libvirt.";
        }
        {
          assertion = guest.hypervisor == "qemu" || guest.qemu.options == [ ];
          message = of name "qemu.options are for guests under QEMU.";
        }
        {
          assertion = guest.network.type == "tap" || guest.hypervisor == "xen" || guest.network.address == null;
          message = of name "a guest of network.type = \"user\" has no address on the host's network.";
        }
      ]
      ++ map (sentence: {
        assertion = false;
        message = of name sentence;
      }) ((import ../../iso/module/settings.nix { inherit lib; }).errors "settings" guest.settings)
    )
    ++ [
      {
        assertion = lib.length (lib.unique interfaces) == lib.length interfaces;
        message = "virtualisation.guests: two guests have the same tap interface: set network.interface of one.";
      }
      {
        assertion = lib.length (lib.unique ports) == lib.length ports;
        message = "virtualisation.guests: two guests have the same network.sshPort.";
      }
      {
        assertion = xen == { } || config.virtualisation.xen.enable or false;
        message = "virtualisation.guests: ${lib.concatStringsSep ", " (builtins.attrNames xen)} needs virtualisation.xen.enable.";
      }
    ];
}
