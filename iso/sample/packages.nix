# SPDX-License-Identifier: MIT
# Programs, libraries and kernel of the sample guests. Everything is taken from
# .deb files with known hashes, so a result depends on these and on the build
# tools, not on other packages of the building machine. Packages of another
# architecture are copied and edited: every derivation is one of the building
# machine, so that Nix needs no builder of that architecture, and no builder starts
# a program of the packages.
{ debs, architecture }:
let
  inherit (architecture) kernelFile multiarch;
  index = builtins.fromJSON (builtins.readFile (debs + "/index.json"));

  deb =
    name:
    builtins.path {
      path = debs + "/${index.${name}.file}";
      name = "${name}.deb";
      recursive = false;
      inherit (index.${name}) sha256;
    };

  versionOf =
    name: builtins.elemAt (builtins.match "[^_]*_([0-9]+%3a)?([^_-]*).*" index.${name}.file) 1;

  make =
    name: environment: script:
    derivation (
      {
        inherit name multiarch kernelFile;
        inherit (architecture) loader;
        system = builtins.currentSystem;
        # Without the trailing colon, bash would exec the last command. Coreutils
        # close their output before they exit; Nix takes that for the end of the
        # builder and kills it.
        builder = "/bin/bash";
        args = [
          "-euo"
          "pipefail"
          "-c"
          ". ${./builder.sh}\n${script}\n:"
        ];
        PATH = "/usr/bin:/bin:/usr/sbin:/sbin";
        preferLocalBuild = true;
      }
      // environment
    );

  isKernel = name: builtins.match "linux-image-[0-9].*" name != null;
  kernelsOf =
    flavour:
    builtins.filter (name: builtins.match "linux-image-[0-9.]+-[0-9]+-${flavour}" name != null) (
      builtins.attrNames index
    );

  # A kernel package with modules.dep, which Debian makes after unpacking. The flavour is the part of
  # its name behind the version.
  kernel =
    flavour:
    let
      name = builtins.head (kernelsOf flavour);
    in
    rec {
      release = builtins.head (builtins.match "linux-image-(.*)" name);
      version = versionOf name;
      linux = make "linux-${flavour}-package-${version}" {
        package = deb name;
        inherit release;
      } "unpack_kernel";
    };

  guestKernel = kernel "cloud-${architecture.debian}";
  isoKernel =
    if kernelsOf architecture.debian == [ ] then guestKernel else kernel architecture.debian;

  # One tree of all packages except the kernels; used only during builds.
  debian = make "debian-packages" {
    packages = map deb (builtins.filter (name: !isKernel name) (builtins.attrNames index));
  } "unpack $packages";

  # Like make, for packages with programs: copies paths below `debian` to $out/bin.
  programs = programsWith libraries;
  programsWith =
    libraries: package: name: files: extra:
    make "${name}-${versionOf package}" {
      inherit debian glibc libraries;
      inherit files;
    } "install_programs $files\n${extra}";

  files = {
    bash = "bin/bash";
    util-linux = "bin/mount bin/umount bin/findmnt sbin/blkid usr/bin/flock";
    nix = "usr/bin/nix";
    openssh = "usr/sbin/sshd usr/bin/ssh usr/bin/ssh-keygen usr/lib/openssh/sftp-server";
    sysusers = "bin/systemd-sysusers bin/systemd-tmpfiles";
    grub = "usr/sbin/grub-install usr/sbin/grub-probe usr/bin/grub-mkrelpath usr/bin/grub-editenv";
  };

  glibc = make "glibc-${versionOf "libc6"}" { inherit debian; } "install_glibc";

  # Nix is linked with most of the libraries, and not every guest has Nix.
  libraries = make "debian-libraries-12" {
    inherit debian glibc;
    files = builtins.attrValues (removeAttrs files [ "nix" ]);
    present = glibc;
  } "install_libraries $files";
  nixLibraries = make "nix-libraries-12" {
    inherit debian glibc;
    files = [ files.nix ];
    present = [
      glibc
      libraries
    ];
  } "install_libraries $files";

  selectModules =
    wanted:
    make "linux-${guestKernel.version}-modules-shrunk" {
      inherit (guestKernel) linux release;
      wanted = builtins.toFile "modules" wanted;
      selectModules = ../select-modules;
    } "install_modules";
  modules = selectModules (builtins.readFile ./modules);
in
{
  inherit make debian architecture;
  # The ISO's.
  inherit (isoKernel) linux;
  guest-linux = guestKernel.linux;
  kernelRelease = guestKernel.release;
  kernelVersion = guestKernel.version;

  bash = programs "bash" "bash" files.bash "ln -s bash $out/bin/sh";
  util-linux = programs "util-linux" "util-linux" files.util-linux "";
  nix = programsWith [ libraries nixLibraries ] "nix-bin" "nix" files.nix "link_nix_commands";
  openssh = programs "openssh-server" "openssh" files.openssh ''
    mkdir $out/libexec
    mv $out/bin/sftp-server $out/libexec/
  '';
  sysusers = programs "systemd-standalone-sysusers" "sysusers" files.sysusers "";
  binutils = make "binutils-${versionOf "binutils-${builtins.replaceStrings [ "_" ] [ "-" ] multiarch}"}" {
    inherit debian glibc libraries;
    present = [
      glibc
      libraries
    ];
    file = "usr/bin/${multiarch}-objcopy";
  } "install_objcopy";
  grub = make "grub-${versionOf "grub-common"}" {
    inherit debian glibc libraries;
    files = files.grub;
    wanted = ./grub-modules;
  } "install_programs $files\ninstall_grub_modules ${
    if architecture.hasBios then "i386-pc " else ""
  }${architecture.grubTarget}";

  systemd-boot = make "systemd-boot-${versionOf "systemd-boot-efi"}" { inherit debian; } ''
    mkdir $out
    cp $debian/usr/lib/systemd/boot/efi/{systemd-boot${architecture.efiName}.efi,linux${architecture.efiName}.efi.stub} $out/
  '';

  busybox = make "busybox-${versionOf "busybox-static"}" { inherit debian; } "install_busybox";

  kernel = make "linux-${guestKernel.version}" { inherit (guestKernel) linux; } ''
    mkdir $out
    cp $linux/$kernelFile $linux/config $out/
  '';

  inherit modules;
  # With those that the initrd needs to mount /etc.
  overlayModules = selectModules (builtins.readFile ./modules + "loop\nerofs\noverlay\n");
}
