# SPDX-License-Identifier: MIT
let
  make =
    name: arguments:
    derivation (
      {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
      }
      // arguments
    );
  packages = builtins.listToAttrs (
    map
      (name: {
        inherit name;
        value = make name { };
      })
      [
        "OVMF"
        "bash"
        "busybox"
        "cacert"
        "cmocka"
        "cpio"
        "curl"
        "dosfstools"
        "e2fsprogs"
        "file"
        "gawk"
        "grub2_efi"
        "jansson"
        "jq"
        "kmod"
        "libyaml"
        "lz4"
        "makeWrapper"
        "mtools"
        "nginx"
        "nix"
        "nixfmt"
        "openssh"
        "openssl"
        "perl"
        "pkg-config"
        "python3"
        "qemu"
        "qemu_kvm"
        "sqlite"
        "syslinux"
        "util-linux"
        "xorriso"
        "xz"
        "zstd"
      ]
  );
  stdenv = {
    cc = make "cc" { };
    shell = "/bin/sh";
    mkDerivation =
      arguments:
      make "${arguments.pname}-${arguments.version}" { inherit (arguments) src; }
      // {
        inherit (arguments) makeFlags;
      };
  };
in
packages
// {
  inherit stdenv;
  lib = import ./lib.nix;
  OVMF.fd = make "OVMF" { };
  closureInfo = arguments: make "closure-info" arguments;
  mkShell = arguments: make "shell" { inherit (arguments) MAKEFLAGS; };
  pkgsStatic = packages // {
    inherit stdenv;
    buildPackages = packages;
  };
  runCommand =
    name: environment: script:
    make name (environment // { inherit script; });
  testers.runNixOSTest =
    test: make "vm-test-run-${test.name}" { inherit (test) testScript; };
  writeScriptBin = name: text: make name { inherit text; };
  writeText = name: text: make name { inherit text; };
}
