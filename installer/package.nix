# SPDX-License-Identifier: MIT
# The static binary, built by the Makefile with the package set's musl variant. A
# package set from before 2019 has no such variant: it can evaluate this file only.
# tests/nix/package.sh runs the check phase with Debian's tools.
{
  pkgs,
  # What --version prints; a flake knows it.
  commit ? "unknown",
}:
let
  static = pkgs.pkgsStatic or pkgs;
  inherit (static) stdenv;
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
      relative = pkgs.lib.removePrefix (toString ../. + "/") (toString path);
      below = folder: pkgs.lib.hasPrefix (folder + "/") relative;
    in
    builtins.elem relative wanted || below "installer" || below "iso/layouts" || below "tests/unit"
  ) ../.;
  version = pkgs.lib.removeSuffix "\n" (builtins.readFile ../VERSION);
in
stdenv.mkDerivation {
  name = "guest-installer-${version}";
  src = source;

  nativeBuildInputs = [
    pkgs.file
    static.buildPackages.pkg-config or pkgs.pkgconfig
  ];

  buildInputs = [
    static.curl
    static.e2fsprogs
    static.jansson
    static.libyaml
    static.lz4
    static.openssl
    static.sqlite
    static.util-linux or static.utillinux
    static.xz
    static.zstd
  ];

  # The program contains this date.
  SOURCE_DATE_EPOCH = 1;
  makeFlags = [
    "SHELL=${pkgs.stdenv.shell}"
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
  checkInputs = [ static.cmocka ];
  # perl runs the tests; the others check what the installer writes.
  nativeCheckInputs = [
    pkgs.perl
    (pkgs.lib.getBin pkgs.e2fsprogs)
    (pkgs.lib.getBin pkgs.sqlite)
    (pkgs.lib.getBin (pkgs.util-linux or pkgs.utillinux))
    pkgs.nix
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
    license = pkgs.lib.licenses.mit;
    platforms = [ "x86_64-linux" ];
  };
}
