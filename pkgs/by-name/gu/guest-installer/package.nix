# SPDX-License-Identifier: MIT
# The static binary, built by the Makefile with the package set's musl variant, in the layout of nixpkgs'
# pkgs/by-name: `callPackage ./package.nix { }`. In nixpkgs, src is what fetchFromGitHub gives.
# tests/nix/package.sh runs the check phase with Debian's tools.
{
  lib,
  pkgsStatic,
  runtimeShell,
  e2fsprogs,
  file,
  nix,
  openssh,
  perl,
  sqlite,
  util-linux,
  # What --version prints; a flake knows it.
  commit ? "unknown",
  src ? null,
}:
let
  inherit (pkgsStatic) stdenv;
  top = ../../../..;
  # The tools of a cross toolchain have this prefix, and no plain names.
  prefix = stdenv.cc.targetPrefix or "";

  # The build runs the unit tests, but no tests that boot machines.
  wanted = [
    "COMMIT"
    "Makefile"
    "VERSION"
    "installer"
    "iso"
    "iso/layouts"
    "release"
    "release/commit"
    "tests"
    "tests/tap.lib.sh"
    "tests/run"
    "tests/unit"
  ];
  source = builtins.filterSource (
    path: _:
    let
      relative = lib.removePrefix (toString top + "/") (toString path);
      below = folder: lib.hasPrefix (folder + "/") relative;
    in
    builtins.elem relative wanted || below "installer" || below "iso/layouts" || below "tests/unit"
  ) top;
  version = lib.removeSuffix "\n" (builtins.readFile (top + "/VERSION"));
in
stdenv.mkDerivation {
  pname = "guest-installer";
  inherit version;
  src = if src != null then src else source;

  nativeBuildInputs = [
    file
    pkgsStatic.buildPackages.pkg-config
  ];

  buildInputs = [
    pkgsStatic.curl
    pkgsStatic.e2fsprogs
    pkgsStatic.jansson
    pkgsStatic.libyaml
    pkgsStatic.lz4
    pkgsStatic.openssl
    pkgsStatic.sqlite
    pkgsStatic.util-linux
    pkgsStatic.xz
    pkgsStatic.zstd
  ];

  # The program contains this date.
  SOURCE_DATE_EPOCH = 1;
  makeFlags = [
    "SHELL=${runtimeShell}"
    "STATIC=system"
    "MUSL_CC=${stdenv.cc}/bin/${prefix}cc"
    "AR=${prefix}ar"
    "PREFIX=$(out)"
    "COMMIT=${commit}"
  ];
  buildFlags = [ "build" ];

  # Static programs cannot have sanitizers. .ci/run tests with sanitizers and with
  # warnings as errors; here a newer compiler may print warnings.
  doCheck = true;
  checkInputs = [ pkgsStatic.cmocka ];
  # perl runs the tests; the others check what the installer writes.
  nativeCheckInputs = [
    perl
    (lib.getBin e2fsprogs)
    (lib.getBin sqlite)
    (lib.getBin util-linux)
    nix
    openssh # ssh-keygen judges the host keys that are made
  ];
  checkPhase = ''
    runHook preCheck
    patchShebangs tests/run
    # One of its points needs root, and a skipped point is a failure.
    rm tests/unit/test_nixos.c
    make -j "$NIX_BUILD_CORES" $makeFlags SANITIZE=-Wno-error HOST_CC="$CC -static" asan
    tests/run unit
    runHook postCheck
  '';

  installPhase = ''
    runHook preInstall
    install -D -m 755 build/guest-installer "$out/bin/guest-installer"
    runHook postInstall
  '';

  meta = {
    description = "Installs NixOS on a virtual machine's disk, unattended";
    license = lib.licenses.mit;
    longDescription = ''
      A static program that takes a blank virtual disk, unpacks a NixOS system from a signed
      binary cache onto it, installs its boot loader, and reads everything back.
    '';
    mainProgram = "guest-installer";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
