# SPDX-License-Identifier: MIT
# The lean ISO of a guest: the guest's own kernel, an initramfs in which the
# installer is init, and the guest's binary cache. The scripts beside this file
# assemble it; they also make the ISO of Debian's programs.
{ pkgs }:
{
  guest,
  settings ? { },
  package ? import ../installer/package.nix { inherit pkgs; },
  # Texts for the root of the ISO, by name.
  files ? { },
}:
let
  inherit (pkgs) lib;
  inherit (guest) config;

  cache = import ./guest-cache.nix { inherit pkgs package; } guest;
  conf = import ./module/settings.nix { inherit lib; };
  static = pkgs.pkgsStatic or pkgs;
  architecture = (import ./architectures.nix).${pkgs.stdenv.hostPlatform.parsed.cpu.name or "x86_64"};
  isolinux = if architecture.hasBios then "${pkgs.syslinux}/share/syslinux" else "";

  kernel = "${config.system.build.kernel}/${config.system.boot.loader.kernelFile}";
  modules = config.system.modulesTree;

  errors = conf.errors "settings" settings;

  # The installer mounts the ISO at /medium.
  configuration = conf.script (
    {
      manifest = "file:///medium/guest.json";
      cache = "file:///medium/cache";
    }
    // settings
  ) "${cache}/trusted-key";
in
assert errors == [ ] || throw (lib.concatStringsSep "\n" errors);
pkgs.runCommand "guest-${config.networking.hostName}.iso"
  {
    nativeBuildInputs = [
      pkgs.cpio
      pkgs.gawk
      pkgs.grub2_efi
      pkgs.jq
      pkgs.kmod
      pkgs.mtools
      pkgs.xorriso
      pkgs.xz
      pkgs.zstd
    ];
    scripts = ./.;
    inherit kernel modules;
    busybox = "${static.busybox}/bin/busybox";
    mkfsFat = "${static.dosfstools}/bin/mkfs.fat";
    installer = "${package}/bin/guest-installer";
    ISOLINUX = isolinux;
    SYSLINUX_MODULES = isolinux;
    GRUB_MODULES = "${pkgs.grub2_efi}/lib/grub/${architecture.grubTarget}";
    architecture = builtins.toJSON architecture;
    CA_BUNDLE = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
    SOURCE_DATE_EPOCH = 1;
  }
  ''
    export HOME=$TMPDIR
    {
      ${configuration}
    } >settings
    "$installer" check --config settings ${cache}/guest.json
    bash "$scripts/make-initramfs" --installer "$installer" --mkfs-fat "$mkfsFat" \
      --busybox "$busybox" --settings settings \
      --modules "$(echo "$modules"/lib/modules/*)" initrd.img
    mkdir -p "$out/iso" root
    ${lib.concatStringsSep "\n" (
      lib.mapAttrsToList (file: text: "printf %s ${lib.escapeShellArg text} >root/${file}") files
    )}
    printf '%s\n' "$architecture" >architecture.json
    bash "$scripts/assemble" --architecture architecture.json "$kernel" initrd.img "$out/iso/$name" \
      ${cache}/cache ${cache}/guest.json root/.
  ''
