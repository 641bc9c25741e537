# SPDX-License-Identifier: MIT
# The host's tools and the programs that they run. They use Python's standard library only,
# but for libvirt's module, which comes with all of libvirt.
{
  pkgs,
  withLibvirt ? false,
  # What --version prints; a flake knows it.
  commit ? "unknown",
}:
let
  inherit (pkgs) lib;
  programs = [
    pkgs.curl
    pkgs.e2fsprogs
    pkgs.dosfstools
    pkgs.jq
    pkgs.mtools
    pkgs.nginx
    pkgs.openssh
    (pkgs.qemu_kvm or pkgs.qemu)
    (pkgs.util-linux or pkgs.utillinux)
    pkgs.xorriso
  ]
  # An old nixpkgs lacks these. Without them run-guest cannot read a kernel from an installed disk,
  # and shares folders by 9p.
  ++ lib.concatMap (name: lib.optional (pkgs ? ${name}) pkgs.${name}) [
    "nbdkit"
    "virtiofsd"
  ];
in
pkgs.stdenv.mkDerivation {
  name = "guest-installer-host-tools";
  src = builtins.filterSource (
    path: _:
    let
      relative = lib.removePrefix (toString ../. + "/") (toString path);
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
  ) ../.;

  nativeBuildInputs = [ pkgs.makeWrapper ];
  buildInputs = [
    pkgs.bash
    (if withLibvirt then pkgs.python3.withPackages (packages: [ packages.libvirt ]) else pkgs.python3)
  ];

  installPhase = ''
    mkdir -p "$out/bin" "$out/share/guest-installer"
    cp -r qemu keys iso VERSION "$out/share/guest-installer/"
    echo ${commit} >"$out/share/guest-installer/COMMIT"
    patchShebangs "$out/share/guest-installer"
    for tool in qemu/{demo,first-run,iso,run-guest,serve-cache,xen-domain} keys/make-key-drive; do
      makeWrapper "$out/share/guest-installer/$tool" "$out/bin/guest-installer-''${tool#*/}" \
        --set-default OVMF_CODE ${pkgs.OVMF.fd}/FV/OVMF_CODE.fd \
        --set-default OVMF_VARS ${pkgs.OVMF.fd}/FV/OVMF_VARS.fd \
        --prefix PATH : ${lib.makeBinPath programs}
    done
  '';
}
