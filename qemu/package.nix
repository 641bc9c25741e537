# SPDX-License-Identifier: MIT
# The package of pkgs/by-name with a package set of any age.
{
  pkgs,
  withLibvirt ? false,
  commit ? "unknown",
}:
import ../pkgs/by-name/gu/guest-installer-host/package.nix {
  inherit (pkgs)
    lib
    stdenv
    bash
    curl
    dosfstools
    e2fsprogs
    jq
    makeWrapper
    mtools
    nginx
    openssh
    OVMF
    python3
    xorriso
    ;
  inherit withLibvirt commit;
  nbdkit = pkgs.nbdkit or null;
  qemu_kvm = pkgs.qemu_kvm or pkgs.qemu;
  util-linux = pkgs.util-linux or pkgs.utillinux;
  virtiofsd = pkgs.virtiofsd or null;
}
