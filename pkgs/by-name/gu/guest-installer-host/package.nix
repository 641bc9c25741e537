# SPDX-License-Identifier: MIT
# The host's tools and the programs that they run, in the layout of nixpkgs' pkgs/by-name:
# `callPackage ./package.nix { }`. They use Python's standard library only, but for libvirt's module, which
# comes with all of libvirt.
{
  lib,
  stdenv,
  bash,
  curl,
  dosfstools,
  e2fsprogs,
  jq,
  makeWrapper,
  mtools,
  nbdkit,
  nginx,
  openssh,
  OVMF,
  python3,
  qemu_kvm,
  util-linux,
  virtiofsd,
  xorriso,
  withLibvirt ? false,
  # What --version prints; a flake knows it.
  commit ? "unknown",
  src ? null,
}:
let
  top = ../../../..;
  # qemu_kvm emulates the host's architecture only: for guests of another one it is overridden with qemu.
  # Without nbdkit run-guest cannot read a kernel from an installed disk; without virtiofsd it shares
  # folders by 9p. An old nixpkgs lacks them.
  programs = lib.filter (program: program != null) [
    curl
    e2fsprogs
    dosfstools
    jq
    mtools
    nbdkit
    nginx
    openssh
    qemu_kvm
    util-linux
    virtiofsd
    xorriso
  ];
  source = builtins.filterSource (
    path: _:
    let
      relative = lib.removePrefix (toString top + "/") (toString path);
    in
    relative == "qemu"
    || relative == "keys"
    || lib.hasPrefix "qemu/" relative && !(lib.hasPrefix "qemu/module" relative)
    || lib.hasPrefix "keys/" relative
    || builtins.elem relative [
      "VERSION"
      "iso"
      "iso/lib.sh"
      "iso/make-manifest"
    ]
  ) top;
in
stdenv.mkDerivation {
  pname = "guest-installer-host";
  version = lib.removeSuffix "\n" (builtins.readFile (top + "/VERSION"));
  src = if src != null then src else source;

  nativeBuildInputs = [ makeWrapper ];
  buildInputs = [
    bash
    (if withLibvirt then python3.withPackages (packages: [ packages.libvirt ]) else python3)
  ];

  installPhase = ''
    mkdir -p "$out/bin" "$out/share/guest-installer"
    cp -r qemu keys iso VERSION "$out/share/guest-installer/"
    echo ${commit} >"$out/share/guest-installer/COMMIT"
    patchShebangs "$out/share/guest-installer"
    for tool in qemu/{demo,first-run,iso,run-guest,serve-cache,xen-domain} keys/make-key-drive; do
      makeWrapper "$out/share/guest-installer/$tool" "$out/bin/guest-installer-''${tool#*/}" \
        --set-default OVMF_CODE ${OVMF.fd}/FV/OVMF_CODE.fd \
        --set-default OVMF_VARS ${OVMF.fd}/FV/OVMF_VARS.fd \
        --set-default AAVMF_CODE ${qemu_kvm}/share/qemu/edk2-aarch64-code.fd \
        --set-default AAVMF_VARS ${qemu_kvm}/share/qemu/edk2-arm-vars.fd \
        --prefix PATH : ${lib.makeBinPath programs}
    done
  '';

  meta = {
    description = "Installs and runs NixOS guests on a host of virtual machines";
    license = lib.licenses.mit;
    mainProgram = "guest-installer-first-run";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
