# SPDX-License-Identifier: MIT
# guest-installer, layout pygrub: two whole disks, NIXBOOT (xvda) and NIXROOT
# (xvdb), without a boot loader. The host's pygrub reads the grub.cfg that NixOS
# writes at every rebuild. It supports no drive variables, no doubled slashes, and
# one initrd only.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  # Lower priority than the device that nixpkgs derives from a `label`.
  weak = lib.mkOverride ((lib.mkOptionDefault null).priority - 1);
  # Weaker than mkDefault: the modules of other boot loaders and profiles win.
  modest = lib.mkOverride 1100;

  canRepair = options.boot.loader.grub ? extraInstallCommands;

  # Rewrites the paths that install-grub.pl writes for a separate /boot.
  repair = ''
    ${pkgs.gnused}/bin/sed -i -E \
      -e 's,\(\$drive[0-9]+\)/,/,g' \
      -e 's,^([[:space:]]*(linux|initrd)[[:space:]]+)/+,\1/,' \
      /boot/grub/grub.cfg
  '';
in
{
  imports = [ ./xen.nix ];

  guestInstaller.layout = "pygrub";

  fileSystems."/" = {
    device = weak "/dev/xvdb";
    fsType = modest "ext4";
  };
  fileSystems."/boot" = {
    device = weak "/dev/xvda";
    fsType = modest "ext4";
  };

  boot.loader = {
    timeout = modest 1;
    systemd-boot.enable = lib.mkOverride 60 false;
    grub = {
      enable = modest true;
      device = lib.mkOverride 60 "nodev";
      fsIdentifier = lib.mkOverride 60 "provided";
      splashImage = lib.mkOverride 60 null;
      configurationLimit = modest 3;
    }
    // lib.optionalAttrs canRepair { extraInstallCommands = repair; };
  };

  assertions = [
    {
      assertion = canRepair || !config.boot.loader.grub.enable;
      message = ''
        The layout pygrub needs boot.loader.grub.extraInstallCommands, which this
        nixpkgs does not have yet: use a later one, or the layout direct.
      '';
    }
    {
      assertion = config.boot.initrd.secrets or { } == { };
      message = ''
        The layout pygrub cannot have boot.initrd.secrets: they are a second file
        on the initrd line of grub.cfg, and pygrub reads one.
      '';
    }
  ];
}
