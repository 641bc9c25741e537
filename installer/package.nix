# SPDX-License-Identifier: MIT
# The static binary, from the same sources and Makefile as everywhere, built
# with the package set's musl variant. A package set from before 2019 has none:
# it can evaluate this, not build it.
{ pkgs }:
let
  static = pkgs.pkgsStatic or pkgs;
  inherit (static) stdenv;

  # The unit tests belong to the build; those that boot machines do not.
  wanted = [
    "Makefile"
    "installer"
    "iso"
    "iso/layouts"
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
  version = builtins.head (
    builtins.match ".*\nVERSION = ([0-9.]+)\n.*" (builtins.readFile ../Makefile)
  );
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
    static.openssl
    static.sqlite
    static.util-linux or static.utillinux
    static.xz
    static.zstd
  ];

  # Dates in the program are those of the sources.
  SOURCE_DATE_EPOCH = 1;
  makeFlags = [
    "SHELL=${pkgs.stdenv.shell}"
    "STATIC=system"
    "MUSL_CC=${stdenv.cc}/bin/${stdenv.cc.targetPrefix or ""}cc"
    "PREFIX=$(out)"
  ];
  buildFlags = [ "build" ];

  # Statically linked, the tests run without sanitizers; .ci/run has those, and
  # takes no warning, whatever a newer compiler than ours may say.
  doCheck = true;
  checkInputs = [ static.cmocka ];
  # Runs them, and the judges of what the installer writes.
  nativeCheckInputs = [
    pkgs.perl
    (pkgs.lib.getBin pkgs.e2fsprogs)
    (pkgs.lib.getBin pkgs.sqlite)
    pkgs.nix
  ];
  checkPhase = ''
    runHook preCheck
    patchShebangs tests/run
    make -j "$NIX_BUILD_CORES" $makeFlags SANITIZE=-Wno-error HOST_CC="$CC -static" asan
    # A part of it is for root.
    rm build/asan/test_guest
    tests/run unit
    runHook postCheck
  '';

  installPhase = ''
    runHook preInstall
    install -D -m 755 build/guest-installer "$out/bin/guest-installer"
    runHook postInstall
  '';

  meta = {
    description = "Installs NixOS on a virtual machine's disk with nobody watching";
    license = pkgs.lib.licenses.mit;
    platforms = [ "x86_64-linux" ];
  };
}
