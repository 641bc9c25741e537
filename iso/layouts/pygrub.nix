# SPDX-License-Identifier: MIT
# Two whole disks, NIXBOOT (xvda) and NIXROOT (xvdb), without a boot loader: the
# host's pygrub reads the grub.cfg that NixOS writes at every rebuild. pygrub
# knows no drive variables, no doubled slashes and one initrd.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  # What install-grub.pl writes for a separate /boot is put right in place.
  repair = ''
    for file in /boot/grub/grub.cfg; do
      ${pkgs.gnused}/bin/sed -i -E \
        -e 's,\(\$drive[0-9]+\)/,/,g' \
        -e 's,^([[:space:]]*(linux|initrd)[[:space:]]+)/+,\1/,' \
        "$file"
    done
  '';
in
{
  imports = [ ./xen.nix ];

  guestInstaller.layout = "pygrub";

  fileSystems."/" = lib.mkDefault {
    device = "/dev/xvdb";
    fsType = "ext4";
  };
  fileSystems."/boot" = lib.mkDefault {
    device = "/dev/xvda";
    fsType = "ext4";
  };

  boot.loader = {
    timeout = lib.mkDefault 1;
    grub = {
      enable = lib.mkDefault true;
      device = "nodev";
      fsIdentifier = "provided";
      splashImage = null;
      configurationLimit = lib.mkDefault 3;
    }
    // (
      if options.boot.loader.grub ? extraInstallCommands then
        { extraInstallCommands = repair; }
      else
        { }
    );
  };

  assertions = [
    {
      assertion = options.boot.loader.grub ? extraInstallCommands;
      message = ''
        The layout pygrub needs boot.loader.grub.extraInstallCommands, which this
        nixpkgs does not have: use one of 2020 or later, or the layout direct.
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
