# SPDX-License-Identifier: MIT
# Debian's programs under the attribute names of nixpkgs. With them the expressions
# of the lean ISO and of the host's tools are built, not only evaluated.
let
  lib = import ./standin.nix;
  # Without the trailing colon, bash would exec the last command. If that closes its
  # output early, Nix takes this for the end of the builder.
  run =
    name: environment: script:
    derivation (
      {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/bash";
        args = [
          "-euo"
          "pipefail"
          "-c"
          "TMPDIR=$PWD; ${script}\n:"
        ];
        PATH = "/usr/bin:/bin:/usr/sbin:/sbin";
      }
      // removeAttrs environment [ "nativeBuildInputs" ]
    );
in
{
  inherit lib;
  runCommand = run;

  # The file that nix-store --load-db reads.
  closureInfo =
    { rootPaths }:
    run "closure-info"
      {
        __structuredAttrs = true;
        exportReferencesGraph.closure = rootPaths;
        outputs = [ "out" ];
      }
      ''
        export PATH=/usr/bin:/bin
        out=$(jq -r .outputs.out .attrs.json)
        mkdir "$out"
        jq -r '.closure[] | [.path, .narHash, .narSize, "", (.references | length)] + .references
          | map(tostring) | join("\n")' .attrs.json >"$out/registration"
      '';

  # The parts of stdenv that the host's tools need, and a makeWrapper with the same arguments.
  stdenv.mkDerivation =
    attributes:
    run "${attributes.pname}-${attributes.version}" { inherit (attributes) src; } ''
      patchShebangs() { :; }
      makeWrapper() {
        local program=$1 wrapper=$2
        shift 2
        echo '#!/bin/bash' >"$wrapper"
        while (($#)); do
          case $1 in
          --set-default) echo "export $2=\''${$2-$3}" && shift 3 ;;
          --prefix) echo "export $2=$4$3\$$2" && shift 4 ;;
          *) exit 1 ;;
          esac
        done >>"$wrapper"
        echo "exec $program \"\$@\"" >>"$wrapper"
        chmod 755 "$wrapper"
      }
      cd "$src"
      ${attributes.installPhase}
    '';
  makeWrapper = "/usr";
  OVMF.fd = run "OVMF-fd" { } ''
    mkdir -p "$out/FV"
    for part in CODE VARS; do
      cp /usr/share/OVMF/OVMF_''${part}_4M.fd "$out/FV/OVMF_$part.fd"
    done
  '';

  syslinux = run "syslinux" { } ''
    mkdir -p "$out/share/syslinux"
    cp /usr/lib/ISOLINUX/*.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$out/share/syslinux/"
  '';
  grub2_efi = "/usr";
  cacert = run "cacert" { } ''
    mkdir -p "$out/etc/ssl/certs"
    cp /etc/ssl/certs/ca-certificates.crt "$out/etc/ssl/certs/ca-bundle.crt"
  '';
}
// builtins.listToAttrs (
  map
    (name: {
      inherit name;
      value = "/usr";
    })
    [
      "bash"
      "cpio"
      "curl"
      "dosfstools"
      "e2fsprogs"
      "gawk"
      "jq"
      "kmod"
      "mtools"
      "nginx"
      "nix"
      "openssh"
      "python3"
      "qemu"
      "util-linux"
      "xorriso"
      "xz"
      "zstd"
    ]
)
