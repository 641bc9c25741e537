# SPDX-License-Identifier: MIT
# Builds one system, the store path that a profile refers to, from a layout.
{ packages }:
layout:
let
  inherit (packages) make;
  inherit (packages)
    bash
    busybox
    util-linux
    nix
    openssh
    grub
    sysusers
    systemd-boot
    binutils
    ;

  hostName = "sample-${layout.name or layout.layout}";
  isSpecialisation = layout.isSpecialisation or false;
  version = if isSpecialisation then "0.sample.alpha" else "0.sample";
  # As in NixOS a whole system, which the other refers to. It is called alpha.
  specialisation =
    if layout.specialisation or false then
      import ./system.nix { inherit packages; } (
        layout
        // {
          specialisation = false;
          isSpecialisation = true;
        }
      )
    else
      "";
  release = packages.kernelRelease;
  inherit (packages) architecture;
  forXen = layout.firmware == [ ];
  hasOverlay = layout.etc.overlay or false;
  isImmutable = hasOverlay && !layout.etc.mutable;
  # The guest in which the tests ask Nix. The others are half as large without it.
  hasNix = layout.layout == "bios" && !(layout ? name);
  isActivatable = layout.activation or true;
  # Guests with the real systemd-tmpfiles.
  hasTmpfiles = users != [ ] || (layout.name or layout.layout) == "gpt";
  hasSystemdInitrd = layout.systemdInitrd or false;
  # Accounts that are created at boot.
  users = layout.users or [ ];
  modules = if hasOverlay then packages.overlayModules else packages.modules;
  hostKeyFolder = if isImmutable then "/var/lib/ssh" else "/etc/ssh";
  # The initrd is the same in every layout: the kernel command line names the root file system.
  kernelParams = map (console: "console=${console}") architecture.consoles
  ++ (
    if forXen then
      [
        "console=hvc0"
        "root=LABEL=${(mountAt "/").label}"
      ]
    else if hasSystemdInitrd then
      # systemd finds the root partition by its type, on the disk from which the boot loader came.
      [
        "root=gpt-auto"
        "rw"
      ]
    else
      [ ]
  )
  ++ architecture.kernelParams
  # An emulated processor has nothing to mitigate, and it costs a fifth of each boot. Programs that are
  # loaded to other addresses at each start have to be translated anew each time. The kernel's tests of its
  # own cryptography are half of its emulated start.
  ++ [
    "cryptomgr.notests"
    "initcall_blacklist=crypto_kdf108_init"
    "init_on_alloc=0"
    "mitigations=off"
    "norandmaps"
    "loglevel=4"
  ];

  espPath = (builtins.head (builtins.filter (mount: mount.fstype == "vfat") layout.mounts)).path;
  mountAt = path: builtins.head (builtins.filter (mount: mount.path == path) layout.mounts);
  mountOptions =
    mount:
    if mount.path == "/" then
      "x-initrd.mount 0 1"
    else if mount.fstype == "vfat" then
      "fmask=0077,dmask=0077 0 2"
    else
      "defaults 0 2";
  fstab = builtins.concatStringsSep "\n" (
    map (
      mount:
      "/dev/disk/by-label/${mount.label} ${mount.path} ${mount.fstype} ${mountOptions mount}"
    ) layout.mounts
  );

  # A script of this folder, with store paths substituted.
  script =
    name: source: environment:
    make name (environment // { inherit source bash busybox; }) "install_script $source $out";

  initrd = make "initrd-linux-${packages.kernelVersion}" {
    inherit busybox modules release;
    inherit (packages) debian;
    etcMode = if isImmutable then "ro" else "rw";
    initrd = ./initrd;
    stage1 = ./stage-1.sh;
  } (if hasSystemdInitrd then "install_systemd_initrd" else "install_initrd");

  dhcpScript = script "udhcpc-script" ./udhcpc.sh { };
  hostKeys = script "sshd-keygen" ./sshd-keygen.sh { inherit hostKeyFolder openssh; };
  poweroffAction = make "acpi-events" {
    inherit busybox;
    source = ./acpi-power-button.sh;
  } ''
    mkdir -p "$out/PWRF"
    install_script "$source" "$out/PWRF/00000080"
  '';

  # As NixOS's sysusers module has it: beside an immutable /etc the accounts are in another folder, to
  # which links of /etc lead.
  accountsFolder = if isImmutable then "/var/lib/nixos/etc" else "/etc";
  accountsUnit = builtins.toFile "systemd-sysusers.service" ''
    [Unit]
    Description=Create System Users
    [Service]
    Type=oneshot
    ${credentials}
    ExecStartPre=/run/current-system/sw/bin/mkdir -p ${accountsFolder}
    ExecStart=/run/current-system/sw/bin/systemd-sysusers ${
      if isImmutable then "--root ${dirOf accountsFolder} /etc/sysusers.d/00-nixos.conf" else ""
    }
  '';
  # systemd's own unit, as far as start-units understands it. It takes its place after the accounts.
  tmpfilesUnit = builtins.toFile "systemd-tmpfiles-setup.service" ''
    [Unit]
    Description=Create System Files and Directories
    [Service]
    Type=oneshot
    ExecStart=/run/current-system/sw/bin/systemd-tmpfiles --create --remove --boot --exclude-prefix=/dev
    LoadCredential=tmpfiles.extra
  '';
  credentials = builtins.concatStringsSep "\n" (
    map (user: "SetCredential=passwd.hashed-password.${user.name}:*") (
      builtins.filter (user: !user.locked) users
    )
  );
  lines = line: builtins.concatStringsSep "" (map (user: line user + "\n") users);
  sysusersConf =
    lines (user: "g ${user.group} ${toString user.gid}")
    + lines (user: "u ${user.name} ${toString user.uid}:${user.group} - ${user.home} ${user.shell}");
  tmpfilesConf = lines (
    user: if user.locked then "" else "d ${user.home} 0700 ${user.name} ${user.group}"
  );

  units = make "system-units" {
    inherit busybox openssh dhcpScript hostKeys poweroffAction;
    source = ./units;
    accounts = if users == [ ] then "" else accountsUnit;
    tmpfilesSetup = if hasTmpfiles then tmpfilesUnit else "";
  } ''
    mkdir -p "$out/multi-user.target.wants"
    for unit in "$source"/*.service; do
      substitute "$unit" "$out/''${unit##*/}"
      ln -s "../''${unit##*/}" "$out/multi-user.target.wants/''${unit##*/}"
    done
    [[ ! $accounts && ! $tmpfilesSetup ]] || mkdir "$out/sysinit.target.wants"
    if [[ $accounts ]]; then
      cp "$accounts" "$out/systemd-sysusers.service"
      ln -s ../systemd-sysusers.service "$out/sysinit.target.wants/"
    fi
    if [[ $tmpfilesSetup ]]; then
      cp "$tmpfilesSetup" "$out/systemd-tmpfiles-setup.service"
      ln -s ../systemd-tmpfiles-setup.service "$out/sysinit.target.wants/"
    fi
  '';

  systemPath = make "system-path" {
    paths = [
      busybox
      bash
      util-linux
      openssh
    ]
    ++ (if hasNix then [ nix ] else [ ])
    ++ (if layout.bootloader.type == "grub" then [ grub ] else [ ])
    ++ (if hasTmpfiles then [ sysusers ] else [ ]);
  } ''
    mkdir -p "$out/bin"
    for path in $paths; do ln -sf "$path"/bin/* "$out/bin/"; done
    ln -s bin "$out/sbin"
  '';

  # Replaces systemd as the program that stage 2 executes. As NixOS's it has the boot loader, which bootctl
  # would install from there.
  hasSystemdBoot = layout.bootloader.type == "systemd-boot";
  systemd = make "systemd-imitation" (
    {
      inherit bash busybox;
      utillinux = util-linux;
      startUnits = ./start-units.sh;
      stopUnits = ./stop-units.sh;
    }
    // (if hasSystemdBoot then { systemdBoot = systemd-boot; } else { })
  ) (
    ''
      mkdir -p "$out/lib/systemd"
      ln -s "$busybox/bin/init" "$out/lib/systemd/systemd"
      install_script "$startUnits" "$out/lib/systemd/start-units"
      install_script "$stopUnits" "$out/lib/systemd/stop-units"
    ''
    + onlyIf hasSystemdBoot ''
      mkdir -p "$out/lib/systemd/boot/efi"
      ln -s "$systemdBoot/systemd-boot${architecture.efiName}.efi" "$out/lib/systemd/boot/efi/"
    ''
  );

  etc = make "etc" {
    inherit fstab hostName hostKeyFolder version openssh systemd units;
    nix = if hasNix then nix else "";
    source = ./etc;
    sysusersConf = if users == [ ] then "" else builtins.toFile "00-nixos.conf" sysusersConf;
    tmpfilesConf = builtins.toFile "home-directories.conf" tmpfilesConf;
  } ''
    mkdir -p "$out/etc/systemd"
    (cd "$source" && find . -type f | sort) >files
    while read -r file; do
      mkdir -p "$(dirname "$out/etc/$file")"
      substitute "$source/$file" "$out/etc/$file"
    done <files
    ln -s "$units" "$out/etc/systemd/system"
    [[ ! $nix ]] || echo "build-hook = $nix/libexec/nix/build-remote" >>"$out/etc/nix/nix.conf"
    if [[ $sysusersConf ]]; then
      mkdir "$out/etc/sysusers.d" "$out/etc/tmpfiles.d"
      ln -s "$sysusersConf" "$out/etc/sysusers.d/00-nixos.conf"
      ln -s "$tmpfilesConf" "$out/etc/tmpfiles.d/home-directories.conf"
    fi
  '';

  # The overlay's lower layer. NixOS makes it by mkcomposefs; content of other files would be in
  # etcBasedir.
  etcMetadataImage = make "etc-metadata.erofs" {
    inherit etc accountsFolder;
    immutable = if isImmutable then "1" else "";
  } ''
    mkdir tree
    (cd "$etc/etc" && find -L . -type f | sort) >files
    while read -r file; do
      mkdir -p "tree/$(dirname "$file")"
      ln -s "$etc/etc/''${file#./}" "tree/$file"
    done <files
    if [[ $immutable ]]; then
      for file in passwd group shadow gshadow; do
        ln -s "$accountsFolder/$file" "tree/$file"
      done
      ln -s /run/resolv.conf tree/resolv.conf
      : >tree/machine-id
    fi
    ln -s /proc/mounts tree/mtab
    mkfs.erofs --quiet -T0 -U 00000000-0000-0000-0000-000000000000 --all-root "$out" tree
  '';
  etcBasedir = make "etc-lowerdir" { } "mkdir \"$out\"";

  # Without a boot loader NixOS runs the program `true`, too.
  installBootLoader =
    if layout.bootloader.type == "none" then
      "${busybox}/bin/true"
    else if layout.bootloader.type == "systemd-boot" then
      script "install-systemd-boot.sh" ./install-systemd-boot.sh {
        utillinux = util-linux;
        systemdBoot = systemd-boot;
        inherit (architecture) efiName efiProgram;
      }
    else if layout.bootloader.type == "external" then
      script "install-unified-images.sh" ./install-unified-images.sh {
        inherit binutils;
        utillinux = util-linux;
        systemdBoot = systemd-boot;
      }
    else
      script "install-grub.sh" ./install-grub.sh {
        inherit grub;
        utillinux = util-linux;
        inherit (layout.bootloader) device;
        # Where the EFI system partition is mounted.
        efi = if layout.bootloader.efi then espPath else "none";
        pygrub = if layout.layout == "pygrub" then "1" else "0";
        grubVersion = grub.name;
        efiTarget = architecture.grubTarget;
        # Without a serial port that GRUB drives, the firmware's console is all.
        terminals =
          if architecture.hasGrubSerial then
            "serial --unit=0 --speed=115200\nterminal_input serial console\nterminal_output serial console"
          else
            "terminal_input console\nterminal_output console";
      };
  bootspecOf = toplevel: version: {
    "org.nixos.bootspec.v1" = {
      inherit kernelParams toplevel;
      init = "${toplevel}/init";
      initrd = "${initrd}/initrd";
      kernel = "${packages.kernel}/${architecture.kernelFile}";
      label = "guest-installer sample ${version} (Linux ${release})";
      inherit (architecture) system;
    };
  };
  onlyIf = condition: value: if condition then value else "";
  system = make "nixos-system-${hostName}-${version}" {
    inherit
      bash
      busybox
      etc
      initrd
      systemd
      systemPath
      modules
      version
      ;
    inherit (packages) kernel;
    guestSystem = architecture.system;
    # Without switch-to-configuration nothing in the system refers to it.
    installBootLoader = onlyIf isActivatable installBootLoader;
    activate = onlyIf isActivatable ./activate.sh;
    etcMetadataImage = onlyIf hasOverlay etcMetadataImage;
    etcBasedir = onlyIf hasOverlay etcBasedir;
    utillinux = util-linux;
    kernelParams = builtins.concatStringsSep " " kernelParams;
    stage2 = ./stage-2.sh;
    switchToConfiguration = ./switch-to-configuration.sh;
    inherit specialisation;
    bootspec = builtins.toJSON (
      bootspecOf (placeholder "out") version
      // {
        "org.nixos.specialisation.v1" =
          if specialisation == "" then
            { }
          else
            {
              alpha = bootspecOf specialisation "0.sample.alpha" // {
                "org.nixos.specialisation.v1" = { };
              };
            };
      }
    );
  } ''
    mkdir "$out"
    ln -s "$kernel/$kernelFile" "$out/kernel"
    ln -s "$modules" "$out/kernel-modules"
    ln -s "$initrd/initrd" "$out/initrd"
    ln -s "$etc/etc" "$out/etc"
    ln -s "$systemPath" "$out/sw"
    ln -s "$systemd" "$out/systemd"
    printf %s "$kernelParams" >"$out/kernel-params"
    printf %s "$version" >"$out/nixos-version"
    printf %s "$guestSystem" >"$out/system"
    printf %s 'systemd 0' >"$out/init-interface-version"
    printf '%s\n' "$bootspec" >"$out/boot.json"
    systemConfig=$out
    install_script "$stage2" "$out/init"
    if [[ $etcMetadataImage ]]; then
      ln -s "$etcMetadataImage" "$out/etc-metadata-image"
      ln -s "$etcBasedir" "$out/etc-basedir"
    fi
    if [[ $specialisation ]]; then
      mkdir "$out/specialisation"
      ln -s "$specialisation" "$out/specialisation/alpha"
    fi
    [[ $activate ]] || exit 0
    mkdir "$out/bin"
    install_script "$activate" "$out/activate"
    install_script "$switchToConfiguration" "$out/bin/switch-to-configuration"
  '';
in
system // { inherit installBootLoader; }
