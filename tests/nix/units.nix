# SPDX-License-Identifier: MIT
# Guests of a host, evaluated with the stand-in: the unit and the script of each
# service as NixOS writes them, the other configuration of the host, and the
# assertions that fail.
{
  guestTools,
  guests,
  xen ? { },
}:
let
  lib = import ./standin.nix;
  utils.escapeSystemdPath =
    path:
    lib.replaceStrings [ "/" "-" " " ] [ "-" "\\x2d" "\\x20" ] (
      builtins.substring 1 (builtins.stringLength path) path
    );

  # Options that are not set have their default; unknown options are errors.
  complete =
    options: given:
    assert builtins.removeAttrs given (builtins.attrNames options) == { };
    builtins.mapAttrs (
      name: option:
      let
        value = given.${name} or option.default;
      in
      if option.type ? options then complete option.type.options value else value
    ) options;
  pkgs = { };
  declared = (import ../../qemu/module/options.nix { inherit lib pkgs; }).options.virtualisation.guests.type;
  config.virtualisation = {
    inherit guestTools xen;
    guests = builtins.mapAttrs (name: complete (declared { inherit name; }).options) guests;
  };

  services = import ../../qemu/module/services.nix {
    inherit
      config
      lib
      pkgs
      utils
      ;
  };
  domains = import ../../qemu/module/xen.nix { inherit config lib pkgs; };
  libvirt = import ../../qemu/module/libvirt.nix { inherit config lib pkgs; };
  network = import ../../qemu/module/network.nix { inherit config lib pkgs; };
  assertions = (import ../../qemu/module/assertions.nix { inherit config lib pkgs; }).config.assertions;

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

  # The script replaces its store path.
  unit = name: service: ''
    [Unit]
    Description=${service.description}
    After=${toString service.after}
    Before=${toString service.before or [ ]}
    Wants=${toString service.wants or [ ]}
    ${section service.unitConfig or { }}
    [Service]
    ${section service.serviceConfig}ExecStart=/bin/sh -e ${name}-start

    [Install]
    WantedBy=${toString service.wantedBy}
  '';
  all =
    services.config.systemd.services or { }
    // domains.config.systemd.services or { }
    // libvirt.config.systemd.services or { };
in
lib.mapAttrs' (name: service: lib.nameValuePair "${name}.service" (unit name service)) all
// lib.mapAttrs' (name: service: lib.nameValuePair "${name}-start" "${service.script}\n") all
// {
  "network.json" = builtins.toJSON network.config + "\n";
  "failed" = lib.concatStrings (
    map (assertion: "${assertion.message}\n") (
      builtins.filter (assertion: !assertion.assertion) assertions
    )
  );
  "etc.json" = builtins.toJSON (domains.config.environment.etc or { }) + "\n";
}
