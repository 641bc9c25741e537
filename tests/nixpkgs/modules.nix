# SPDX-License-Identifier: MIT
# The modules of the live system and of the layouts, evaluated with the module
# system of nixpkgs. Its lib is enough: this file declares the options that they
# set, with their types of 2026.
{ nixpkgs }:
let
  lib = import (nixpkgs + "/lib");
  inherit (lib) types;
  option = type: default: lib.mkOption { inherit type default; };
  some = option types.attrs { };
  bool = option types.bool false;
  list = type: option (types.listOf type) [ ];
  service = types.submodule {
    options = {
      description = option types.str "";
      environment = option (types.attrsOf types.str) { };
      path = list types.unspecified;
      wants = list types.str;
      after = list types.str;
      wantedBy = list types.str;
      unitConfig = option types.attrs { };
      serviceConfig = option types.attrs { };
    };
  };
  fileSystem =
    { name, config, ... }:
    {
      config.device = lib.mkIf (config.label != null) (
        lib.mkDefault "/dev/disk/by-label/${config.label}"
      );
      options = {
        label = option (types.nullOr types.str) null;
        mountPoint = option types.str name;
        device = lib.mkOption { type = types.nullOr types.str; };
        neededForBoot = bool;
        fsType = lib.mkOption { type = types.str; };
        options = option (types.listOf types.str) [ "defaults" ];
      };
    };

  nixos =
    { config, ... }:
    {
      options = {
        assertions = list types.unspecified;
        boot.initrd.availableKernelModules = list types.str;
        boot.initrd.secrets = some;
        boot.kernelParams = list types.str;
        boot.loader = {
          timeout = option (types.nullOr types.int) 5;
          efi.canTouchEfiVariables = bool;
          efi.efiSysMountPoint = option types.str "/boot";
          systemd-boot.enable = bool;
          grub = {
            enable = option types.bool true;
            device = option types.str "";
            devices = list types.str;
            efiSupport = bool;
            efiInstallAsRemovable = bool;
            extraConfig = option types.lines "";
            extraInstallCommands = option types.lines "";
            fsIdentifier = option (types.enum [
              "uuid"
              "label"
              "provided"
            ]) "uuid";
            splashImage = lib.mkOption { type = types.nullOr types.path; };
            configurationLimit = option types.int 100;
          };
        };
        environment.etc = some;
        environment.systemPackages = list types.unspecified;
        fileSystems = option (types.attrsOf (types.submodule fileSystem)) { };
        isoImage.contents = list types.unspecified;
        networking.proxy.envVars = some;
        nix.nixPath = option (types.listOf types.str) [
          "nixpkgs=/nix/var/nix/profiles/per-user/root/channels/nixos"
        ];
        services.openssh.enable = bool;
        services.openssh.authorizedKeysFiles = list types.str;
        swapDevices = list types.unspecified;
        system.extraDependencies = list types.unspecified;
        system.installer.channel.enable = option types.bool true;
        systemd.services = option (types.attrsOf service) { };
      };
      config = {
        _module.args.pkgs = import ../nix/pkgs.nix // {
          dosfstools = "/usr";
          gnused = "/usr";
        };
        services.openssh.authorizedKeysFiles = [ "%h/.ssh/authorized_keys" ];
        boot.loader.grub = {
          # Like systemd-boot.nix and grub.nix.
          enable = lib.mkIf config.boot.loader.systemd-boot.enable (lib.mkDefault false);
          splashImage = lib.mkDefault ./modules.nix;
        };
      };
    };

  evaluate = modules: (lib.evalModules { modules = [ nixos ] ++ modules; }).config;

  installer =
    definitions:
    let
      config = evaluate [
        ../../iso/module
        definitions
        {
          services.guest-installer = {
            enable = true;
            package = "/usr";
          };
        }
      ];
    in
    {
      inherit (config.services.guest-installer) settings;
      inherit (config.systemd.services.guest-installer) environment wants;
      etc = builtins.attrNames config.environment.etc;
      dependencies = lib.filter builtins.isString config.system.extraDependencies;
      failed = map (assertion: assertion.message) (
        lib.filter (assertion: !assertion.assertion) config.assertions
      );
    };

  # A configuration for a machine with UEFI.
  generated = {
    boot.loader.systemd-boot.enable = true;
    boot.loader.efi.canTouchEfiVariables = true;
    # If a configuration sets one option of a file system, the layout sets the others.
    fileSystems."/".options = [ "noatime" ];
  };
  layout = name: module: {
    inherit name;
    value =
      let
        config = evaluate [
          module
          generated
        ];
      in
      {
        facts = import ../../iso/facts.nix { inherit lib; } config;
        inherit (config.boot.loader.grub) extraInstallCommands;
        inherit (config.boot.loader.efi) canTouchEfiVariables;
        options = lib.mapAttrs (_: fs: fs.options) config.fileSystems;
        failed = lib.filter (assertion: !assertion.assertion) config.assertions;
      };
  };

  # Like virtualisation/qemu-vm.nix.
  machine =
    { config, ... }:
    {
      options.virtualisation.fileSystems = some;
      config = {
        fileSystems = lib.mkIf (config.virtualisation.fileSystems != { }) (
          lib.mkVMOverride config.virtualisation.fileSystems
        );
        virtualisation.fileSystems = {
          "/" = {
            device = "/dev/disk/by-label/nixos";
            fsType = "ext4";
          };
          "/nix/.ro-store" = {
            device = "nix-store";
            fsType = "9p";
            neededForBoot = true;
          };
        };
      };
    };
  installed = modules: (layout "gpt" { imports = [ ../../iso/layouts/gpt.nix ] ++ modules; }).value;

  builds = definitions: installer { services.guest-installer = definitions; };
in
{
  layouts = builtins.listToAttrs (lib.mapAttrsToList layout (import ../../iso/layouts));
  # The same from the texts that guests get for later rebuilds.
  rebuilt = builtins.mapAttrs (
    name: _:
    let
      inherit
        (import ../../iso/rebuild.nix {
          layout = name;
          keys = [ ];
        })
        text
        ;
    in
    (layout name {
      imports = [ (import (builtins.toFile "rebuild.nix" text)) ];
      # NixOS always has some of these options.
      options.virtualisation.containers = some;
    }).value
  ) (import ../../iso/layouts);
  machine = installed [
    machine
    ../../iso/own-disk.nix
  ];
  # The layout gpt with GRUB, where pkgs is that of 64-bit ARM.
  arm = installed [
    {
      boot.loader.systemd-boot.enable = lib.mkForce false;
      _module.args.pkgs = lib.mkForce (
        import ../nix/pkgs.nix
        // {
          dosfstools = "/usr";
          gnused = "/usr";
          stdenv.hostPlatform.isAarch64 = true;
        }
      );
    }
  ];
  labelled = (installed [ { fileSystems."/".label = "system"; } ]).facts.mounts;
  # Without the module own-disk.nix, the guest would be refused.
  hosted = builtins.tryEval (builtins.toJSON (installed [ machine ]).facts);
  installer = {
    nothing = builds { };
    configuration = builds { configuration = ../../iso/template/guest.nix; };
    prebuilt = builds {
      configuration = ../../iso/template/guest.nix;
      prebuilt = [
        {
          config.system.build = {
            toplevel.inputDerivation = "/nix/store/toplevel-inputs";
            etc.inputDerivation = "/nix/store/etc-inputs";
            initialRamdisk = { };
          };
        }
      ];
    };
    builtFile = builds {
      configuration = "${(import ../nix/pkgs.nix).runCommand "guest.nix" { } "echo '{ }' >$out"}";
    };
    folder = builds { configuration = ../../iso/template; };
    flake = builds { flake = "github:me/machines/0123456789abcdef0123456789abcdef01234567#web"; };
    both = builds {
      configuration = ../../iso/template/guest.nix;
      flake = "drive#web";
    };
    network = builds {
      settings.cache = [ "https://cache.example.org" ];
      settings.manifest = "/iso/guest.json";
    };
    withoutNixpkgs = installer {
      nix.nixPath = [ ];
      services.guest-installer.settings.engine = "nixos-install";
    };
    withoutChannel = installer {
      system.installer.channel.enable = false;
      services.guest-installer.settings.engine = "nixos-install";
    };
    flakeWithoutNixpkgs = installer {
      nix.nixPath = [ ];
      services.guest-installer.flake = "drive#web";
    };
    setting = builds {
      settings.wipe = true;
      settings.engine = "nixos-install";
    };
  };
}
