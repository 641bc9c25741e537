# SPDX-License-Identifier: MIT
# The service of the live system, and the messages for settings that contradict each
# other, evaluated with the stand-in.
let
  lib = import ./standin.nix;
  service =
    settings:
    (import ../../iso/module/service.nix {
      inherit lib;
      pkgs = {
        runCommand = name: _: _: "/nix/store/${name}";
        dosfstools = "/usr";
      };
      config = {
        services.guest-installer = {
          enable = true;
          package = "/usr";
          trustedKeyFile = null;
          inherit settings;
        };
        networking.proxy.envVars.https_proxy = "http://proxy.example.org:3128";
        nix.nixPath = [
          "nixpkgs=/nix/var/nix/profiles/per-user/root/channels/nixos"
          "nixos-config=/etc/nixos/configuration.nix"
        ];
      };
    }).config.systemd.services.guest-installer;

  lines = f: set: lib.concatStrings (lib.mapAttrsToList f set);
  assign = name: value: "${name}=${toString value}\n";

  # As NixOS writes it.
  unit = service: ''
    [Unit]
    Description=${service.description}
    After=${toString service.after}
    Wants=${toString service.wants}
    ${lines assign service.unitConfig}
    [Service]
    ${lines (name: value: "Environment=\"${name}=${value}\"\n") service.environment}${lines assign service.serviceConfig}
    [Install]
    WantedBy=${toString service.wantedBy}
  '';

  broken = settings: lib.filter (rule: !rule.assertion) (import ../../iso/module/rules.nix { inherit lib; } settings);

  pygrub = import ../../iso/layouts/pygrub.nix {
    inherit lib;
    config = { };
    options.boot.loader.grub.extraInstallCommands = null;
    pkgs.gnused = "";
  };

  # A guest to which mkGuestIso adds a layout: of the script that makes the ISO, the
  # lines that name the file for later rebuilds.
  scripted = {
    inherit lib;
    runCommand =
      name: _: script:
      if lib.hasPrefix "guest-cache" name then "/cache" else script;
    closureInfo = _: "/closure";
    stdenv = {
      shell = "/bin/sh";
      cc.targetPrefix = "";
      mkDerivation = _: "/usr";
    };
  }
  // lib.genAttrs [ "cacert" "e2fsprogs" "grub2_efi" "nix" "syslinux" ] (_: "/usr");
  web = webWith { };
  webWith = etc: {
    pkgs = scripted // {
      pkgsStatic = scripted // {
        busybox = "/usr";
        dosfstools = "/usr";
      };
    };
    extendModules = _: webWith etc;
    config = {
      guestInstaller.layout = "gpt";
      networking.hostName = "web";
      system = {
        inherit etc;
        build = {
          toplevel.name = "web";
          kernel = "/usr";
        };
        boot.loader.kernelFile = "bzImage";
        modulesTree = "/usr";
      };
    };
  };
  mkGuestIso = import ../../iso/guest-iso.nix { nixpkgs = "/nowhere"; };
  additions = builtins.match ".*(files = [^\n]*)\n.*(printf %s '# Written by[^\n]*).*(>root/[^\n]*)\n.*" (mkGuestIso {
    system = web;
    layout = "gpt";
    settings.files = "/etc/motd=/medium/motd";
  });
  # Its /etc takes no file.
  immutable = mkGuestIso {
    system = webWith {
      overlay = {
        enable = true;
        mutable = false;
      };
    };
    layout = "gpt";
    settings.files = "/srv/motd=/medium/motd";
  };
in
{
  "files-beside-a-read-only-etc" =
    builtins.head (builtins.match ".*(files = [^\n]*)\n.*" immutable) + "\n";
  "rebuild-files" = lib.concatMapStringsSep "" (line: line + "\n") additions;
  "repair-menu" = pygrub.boot.loader.grub.extraInstallCommands;
  "guest-installer.service" = unit (service {
    cache = "file:///iso/cache";
  });
  "guest-installer-builds.service" = unit (service {
    engine = "nixos-install";
  });

  "settings.rules" = lib.concatMapStringsSep "\n" (rule: rule.message) (
    lib.concatMap broken (import ./cases.nix).refused
  );
}
