# SPDX-License-Identifier: MIT
# The outputs of flake.nix, without flakes:
#   nix-build -A guest-installer
#   nix-build -A lean-iso
#   (import ./. { }).lib.mkGuestIso { configuration = ./guest.nix; layout = "gpt"; }
{
  nixpkgs ? <nixpkgs>,
  system ? "x86_64-linux",
  pkgs ? import nixpkgs {
    inherit system;
    config = { };
    overlays = [ ];
  },
  # What --version prints.
  commit ? "unknown",
}:
rec {
  guest-installer = import ./installer/package.nix { inherit pkgs commit; };
  host-tools = import ./qemu/package.nix { inherit pkgs commit; };

  lib = {
    mkGuestIso = import ./iso/guest-iso.nix { inherit nixpkgs; };
    mkGuestCache = import ./iso/guest-cache.nix { inherit pkgs; };
  };

  nixosModules = {
    # Sets, because `nix flake check` of Nix 2.8 refuses paths.
    installer.imports = [ ./iso/module ];
    host.imports = [ ./qemu/module ];
    layouts = import ./iso/layouts;
  };

  # The options of both modules, as programs read them (docs/options.md is made of the same).
  options-json = pkgs.writeText "options.json" (
    builtins.toJSON (import ./docs/options.nix { inherit (pkgs) lib; }).list
  );

  # Installs the example, starts it, logs in and shuts it down.
  demo = pkgs.writeScriptBin "guest-installer-demo" ''
    #!${pkgs.stdenv.shell}
    exec ${host-tools}/bin/guest-installer-demo --iso ${lean-iso}/iso/*.iso "$@"
  '';

  # For `make build`: the compiler and the libraries of the static program, and the
  # linters that this nixpkgs has.
  shell = pkgs.mkShell {
    inputsFrom = [ guest-installer ];
    buildInputs =
      pkgs.lib.concatMap (name: pkgs.lib.optional (pkgs ? ${name}) pkgs.${name})
        [
          "black"
          "clang-tools"
          "cppcheck"
          "jq"
          "mandoc"
          "mypy"
          "python3"
          "qemu"
          "shellcheck"
          "shfmt"
          "xorriso"
        ];
    MAKEFLAGS = toString (
      builtins.filter (
        flag: builtins.match "(STATIC|MUSL_CC)=.*" flag != null
      ) guest-installer.makeFlags
    );
  };

  # A small guest for trying the installer.
  example = iso: lib.mkGuestIso {
    configuration = ./iso/template/guest.nix;
    layout = "gpt";
    flavour = iso;
    hostPlatform = system;
  };
  iso = example "full";
  lean-iso = example "lean";

  # Installs a guest and starts it, for builders with the features kvm and nixos-test.
  nixos-test = pkgs.testers.runNixOSTest (
    import ./tests/nixos/install.nix {
      inherit pkgs;
      inherit (lib) mkGuestIso;
      hostPlatform = system;
    }
  );

  # A live system that builds the configuration of its key drive.
  nixos-install-iso = lib.mkGuestIso {
    settings.engine = "nixos-install";
    flavour = "full";
    hostPlatform = system;
  };
}
