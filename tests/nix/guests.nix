# SPDX-License-Identifier: MIT
# Guests of a host, evaluated with the stand-in: what their services say.
let
  lib = import ./standin.nix;
  guest = {
    enable = true;
    autostart = true;
    hypervisor = "qemu";
    iso = "/srv/guest.iso";
    memory = 1024;
    cores = 2;
    diskSize = "8G";
    bootDiskSize = null;
    extraDisks = [ "/dev/vg/web data" ];
    firmware = "bios";
    keyFiles = [ "/etc/keys/me.pub" ];
    settings = {
      swap = "1G";
      timeout = 1800;
    };
    network = {
      type = "user";
      bridge = null;
      interface = null;
      address = null;
      sshPort = 2222;
    };
    usbTablet = true;
    display = "vnc";
    stopTimeout = 90;
  };
  config.virtualisation = {
    guestTools = "/usr";
    guests = {
      web = guest;
      database = guest // {
        autostart = false;
        extraDisks = [ ];
        settings = { };
        network = guest.network // {
          type = "tap";
          bridge = "br0";
          address = "192.168.7.3";
          sshPort = null;
        };
        usbTablet = false;
        display = "none";
      };
      mail = guest // {
        hypervisor = "xen";
        bootDiskSize = "500M";
        network = guest.network // {
          bridge = "xenbr0";
        };
      };
    };
  };
  services = import ../../qemu/module/services.nix { inherit config lib; };
  domains = import ../../qemu/module/xen.nix { inherit config lib; };
  network = import ../../qemu/module/network.nix { inherit config lib; };

  line =
    name: value:
    if builtins.isList value then
      lib.concatStrings (map (line name) value)
    else
      "${name}=${
        if value == true then
          "true"
        else if value == false then
          "false"
        else
          toString value
      }\n";
  section = set: lib.concatStrings (lib.mapAttrsToList line set);

  # As NixOS writes it, with the three scripts in place of their store paths.
  unit = name: service: ''
    [Unit]
    Description=${service.description}
    After=${toString service.after}

    [Service]
    ${section service.serviceConfig}ExecStartPre=/bin/sh -e ${name}-pre-start
    ExecStart=/bin/sh -e ${name}-start
    ExecStop=/bin/sh -e ${name}-pre-stop

    [Install]
    WantedBy=${toString service.wantedBy}
  '';
in
lib.listToAttrs (
  builtins.concatLists (
    lib.mapAttrsToList (name: service: [
      (lib.nameValuePair "${name}.service" (unit name service))
      (lib.nameValuePair "${name}-pre-start" service.preStart)
      (lib.nameValuePair "${name}-start" service.script)
      (lib.nameValuePair "${name}-pre-stop" service.preStop)
    ]) services.config.systemd.services
  )
)
// lib.listToAttrs (
  lib.mapAttrsToList (
    name: service: lib.nameValuePair "${name}-start" service.script
  ) domains.config.systemd.services
)
// {
  "network.json" = builtins.toJSON network.config;
}
