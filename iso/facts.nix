# SPDX-License-Identifier: MIT
# Reads the facts of the manifest from a guest's NixOS configuration: layout,
# mounts, swap, boot loader, firmware, SSH, and how /etc and accounts come about.
# make-manifest counts the sizes when the cache is made. fit.nix refuses a guest that
# the layout cannot boot.
{ lib }:
config:
let
  boot = config.boot.loader;
  grub = boot.grub;
  systemdBoot = boot.systemd-boot.enable or false;
  # Another tool writes the EFI system partition: lanzaboote, or any that leaves
  # EFI/BOOT/BOOTX64.EFI and entries of the Boot Loader Specification.
  external = boot.external.enable or false;
  byUefi = grub.enable && grub.efiSupport || systemdBoot || external;
  # Whether EFI/BOOT/BOOTX64.EFI is written. Of an external tool this is checked after the install.
  removable =
    grub.enable && grub.efiSupport && grub.efiInstallAsRemovable || systemdBoot || external;

  layout = config.guestInstaller.layout;

  # The file systems that each layout makes, by mount point, with the device names
  # that a host may use for them. The guest itself is responsible for other mounts.
  places = {
    bios = {
      "/" = { };
      "/boot" = { };
    };
    gpt = {
      "/" = { };
      "/boot" = { };
    }
    // {
      ${boot.efi.efiSysMountPoint} = { };
    };
    pygrub = {
      "/" = {
        label = "NIXROOT";
        device = ".*";
      };
      "/boot" = {
        label = "NIXBOOT";
        device = ".*";
      };
    };
    direct."/" = {
      label = "NIXOS";
      device = "/dev/x?vda1";
    };
  };
  xbootldr = if systemdBoot then boot.systemd-boot.xbootldrMountPoint or null else null;
  made = lib.filter (fs: places.${layout} ? ${fs.mountPoint} && fs.mountPoint != xbootldr) (
    builtins.attrValues config.fileSystems
  );

  # What a device name says of a new file system or swap, and of its partition: { label = …; } and the
  # like. null for another name. The names of partitions are those of a GPT.
  named =
    device:
    let
      forms = {
        label = "(/dev/disk/by-label/|LABEL=)(.+)";
        uuid = "(/dev/disk/by-uuid/|UUID=)(.+)";
      }
      // lib.optionalAttrs (layout == "gpt") {
        partlabel = "(/dev/disk/by-partlabel/|PARTLABEL=)(.+)";
        partuuid = "(/dev/disk/by-partuuid/|PARTUUID=)(.+)";
      };
      found = lib.filterAttrs (_: value: value != null) (
        builtins.mapAttrs (_: form: builtins.match form device) forms
      );
    in
    if found == { } then null else builtins.mapAttrs (_: parts: builtins.elemAt parts 1) found;

  names =
    "/dev/disk/by-label/… or /dev/disk/by-uuid/…"
    + (if layout == "gpt" then "" else " (only the layout gpt has names of partitions)");

  # A new file system gets the name that the guest expects. A device name of the layout is also
  # accepted.
  identity =
    fs:
    let
      place = places.${layout}.${fs.mountPoint};
      name = named fs.device;
      ofPartition = builtins.match "(/dev/disk/by-part|PART)(label|uuid|LABEL|UUID).*" fs.device != null;
    in
    if name != null then
      name
    else if place ? device && !ofPartition && builtins.match place.device fs.device != null then
      { inherit (place) label; }
    else if builtins.match "/dev/(mapper/.*|md.*|dm-.*)" fs.device != null then
      throw (
        "fileSystems.\"${fs.mountPoint}\" of the guest is ${fs.device}: the installer makes plain "
        + "partitions, without LUKS, LVM and RAID, so the guest has to do without them."
      )
    else
      throw (
        "fileSystems.\"${fs.mountPoint}\" of the guest is ${fs.device}: the installer can give a "
        + "new file system a label or a UUID, so name it ${names}."
      );

  # Swap partitions, which the installer makes. Swap files and memory are the guest's own.
  isPartition =
    device:
    device.size or null == null
    && builtins.match "/dev/.*|(PART)?(LABEL|UUID)=.*" device.device != null
    && builtins.match "/dev/zram.*" device.device == null;
  swaps = lib.filter isPartition config.swapDevices;
  swapName =
    device:
    let
      name = named device.device;
    in
    if name != null then
      name
    else
      throw (
        "swapDevices of the guest has ${device.device}: the installer gives a new swap partition a "
        + "label or a UUID, so name it by one, as in swapDevices = [ { label = \"swap\"; } ]."
      );
  swap =
    if swaps == [ ] then
      { }
    else if builtins.length swaps == 1 then
      { swap = swapName (builtins.head swaps); }
    else
      throw "swapDevices of the guest has several partitions, and the installer makes one: use swap files.";

  mount =
    fs:
    {
      path = fs.mountPoint;
      fstype = fs.fsType;
    }
    // identity fs;

  # What decides early whether keys-user can enter; the guest's own sshd decides at the end.
  settings = config.services.openssh.settings or { };
  permitRootLogin = settings.PermitRootLogin or config.services.openssh.permitRootLogin or null;
  allowUsers = settings.AllowUsers or null;
  login =
    lib.optionalAttrs (builtins.isString permitRootLogin) { permit_root_login = permitRootLogin; }
    // lib.optionalAttrs (builtins.isList allowUsers && allowUsers != [ ]) { allow_users = allowUsers; }
    // lib.optionalAttrs isFirewalled { firewalled = true; };

  # Whether the firewall surely admits no client to the SSH server. Interfaces that the guest trusts, rules of its own,
  # and firewalld may admit one.
  firewall = config.networking.firewall or { };
  hasOtherRules =
    firewall.backend or "iptables" == "firewalld"
    || firewall.extraCommands or "" != ""
    || firewall.extraInputRules or "" != ""
    || config.networking.nftables.ruleset or "" != ""
    || config.networking.nftables.rulesetFile or null != null
    || lib.filter (interface: interface != "lo") (firewall.trustedInterfaces or [ ]) != [ ];
  admits =
    interface: port:
    builtins.elem port (interface.allowedTCPPorts or [ ])
    || builtins.any (range: range.from <= port && port <= range.to) (
      interface.allowedTCPPortRanges or [ ]
    );
  isAdmitted =
    port:
    builtins.any (interface: admits interface port) (
      [ firewall ] ++ builtins.attrValues (firewall.interfaces or { })
    );
  isFirewalled =
    config.services.openssh.enable
    && firewall.enable or false
    && !hasOtherRules
    && !builtins.any isAdmitted (config.services.openssh.ports or [ 22 ]);

  # Without further settings NixOS makes mirroredBoots of device and devices.
  devices = lib.unique (
    lib.filter (device: device != "nodev" && device != "") (
      if grub.mirroredBoots or [ ] != [ ] then
        lib.concatMap (boot: boot.devices) grub.mirroredBoots
      else if grub.devices or [ ] != [ ] then
        grub.devices
      else
        [ grub.device ]
    )
  );

  # Without switch-to-configuration the installer runs the program that this would run.
  hasActivation = config.system.activatable or true;
  isSwitchable = hasActivation && (config.system.switch.enable or true);
  hasOverlay = config.system.etc.overlay.enable or false;

  # Accounts that the guest creates at boot: root, those with a shell, and the SSH server's.
  createsAccounts =
    config.systemd.sysusers.enable or false
    || config.services.userborn.enable or false && !(config.services.userborn.static or false);
  shellOf =
    user: if user.shell ? shellPath then "/run/current-system/sw${user.shell.shellPath}" else toString user.shell;
  hasShell = user: user.shell != null && builtins.match ".*/(nologin|false|true)" (shellOf user) == null;
  isWanted = user: user.enable or true && (user.name == "sshd" || hasShell user);
  # A hash that begins with "!" is no password, and locks the account.
  hasPassword =
    user:
    let
      isGiven = option: user.${option} or null != null;
      isHash = option: isGiven option && builtins.match "!.*" user.${option} == null;
    in
    builtins.any isGiven [
      "password"
      "initialPassword"
      "hashedPasswordFile"
    ]
    || builtins.any isHash [
      "hashedPassword"
      "initialHashedPassword"
    ];
  account =
    user:
    let
      gid = config.users.groups.${user.group}.gid or null;
    in
    {
      inherit (user) name group home;
      shell = if user.shell == null then "/run/current-system/sw/bin/nologin" else shellOf user;
      groups = user.extraGroups or [ ];
      locked = !hasPassword user;
    }
    // lib.optionalAttrs (user.uid != null && gid != null) {
      inherit (user) uid;
      inherit gid;
    };

  # The modules that stage 1 loads by itself, or for a device: a list, or a set of names that are true or false.
  initrd = config.boot.initrd or { };
  namesOf =
    modules: if builtins.isAttrs modules then builtins.attrNames (lib.filterAttrs (_: on: on) modules) else modules;
  initrdModules = lib.unique (
    namesOf (initrd.availableKernelModules or [ ]) ++ namesOf (initrd.kernelModules or [ ])
  );

  facts = {
    inherit layout;
    mounts = map mount (lib.sort (a: b: a.mountPoint < b.mountPoint) made);
    bootloader = {
      type =
        if grub.enable then
          "grub"
        else if systemdBoot then
          "systemd-boot"
        else if external then
          "external"
        else
          "none";
      device = if grub.enable && devices != [ ] then builtins.head devices else "nodev";
      efi = removable;
    }
    // lib.optionalAttrs (!isSwitchable && (grub.enable || systemdBoot || external)) {
      installer = toString config.system.build.installBootLoader;
    };
    firmware =
      lib.optional (grub.enable && devices != [ ]) "bios" ++ lib.optional byUefi "uefi";
    ssh = {
      enabled = config.services.openssh.enable;
      authorized_keys_files = config.services.openssh.authorizedKeysFiles;
    }
    // login;
  }
  // swap
  // lib.optionalAttrs (initrd.enable or true && initrdModules != [ ]) { initrd_modules = initrdModules; }
  // lib.optionalAttrs (!hasActivation) { activation = false; }
  // lib.optionalAttrs hasOverlay {
    etc = {
      overlay = true;
      mutable = config.system.etc.overlay.mutable;
    };
  }
  // lib.optionalAttrs createsAccounts {
    users = map account (lib.filter isWanted (builtins.attrValues config.users.users));
  };

  problems = import ./fit.nix { inherit lib; } config {
    inherit
      facts
      made
      devices
      named
      ;
  };
in
if problems == [ ] then facts else throw (lib.concatStringsSep "\n" problems)
