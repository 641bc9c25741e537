# SPDX-License-Identifier: MIT
# Checks whether a guest can boot from the disk that its layout makes; returns a
# sentence for each problem. The installer checks the manifest in the same way
# (installer/plan/guest_check.c), but only in the machine. Here the user sees the
# problem earlier. This file also checks mounts that the manifest does not contain:
# those from other disks and from a host.
{ lib }:
config:
{
  # The facts of the manifest, the fileSystems that the layout makes, the disks that
  # GRUB is written to, and what a device's name says of a new file system.
  facts,
  made,
  devices,
  named,
}:
let
  inherit (facts) bootloader layout;
  byHost = builtins.elem layout [
    "pygrub"
    "direct"
  ];
  byUefi = builtins.elem "uefi" facts.firmware;

  types = builtins.listToAttrs (
    map (fs: {
      name = fs.mountPoint;
      value = fs.fsType;
    }) made
  );
  # A partition of its own for /boot may be FAT only where it is no EFI system partition.
  wanted =
    path:
    if layout == "gpt" && path == config.boot.loader.efi.efiSysMountPoint then
      "vfat"
    else if layout == "bios" && path == "/boot" && types.${path} == "vfat" then
      "vfat"
    else
      "ext4";

  # Mount points that NixOS mounts in the initrd (its utils.fsNeededForBoot).
  early = "/(nix(/.*)?|var|var/log|var/lib|var/lib/nixos|etc|usr)";

  # A list in a NixOS of some years ago.
  encrypted =
    let
      names = config.boot.initrd.luks.devices or { };
    in
    if builtins.isList names then map (device: device.name) names else builtins.attrNames names;
  resumeDevice = config.boot.resumeDevice or "";
  # Without arrays, enable alone means nothing: it is the default of an old stateVersion.
  hasArrays = builtins.match ".*ARRAY.*" (config.boot.swraid.mdadmConf or "") != null;
  # The label by which the guest finds a FAT file system, if it is no label that FAT can have.
  wrongLabel =
    fs:
    let
      name = named (toString fs.device);
      isFat = builtins.match "[A-Za-z0-9_-]([A-Za-z0-9_ -]{0,9}[A-Za-z0-9_-])?";
    in
    lib.optional (fs.fsType == "vfat" && name ? label && isFat name.label == null) name.label;
  loader = config.boot.loader;
  # Boot loaders with a menu in a format of their own, which is not read back.
  ownMenus = lib.filter (name: loader.${name}.enable or false) [
    "limine"
    "refind"
  ];
  xbootldr = loader.systemd-boot.xbootldrMountPoint or null;
  # The names that a disk of a virtual machine has in Linux: the installer knows it by this name.
  isDisk = device: builtins.match "/dev/(vd|xvd|sd)[a-z]+|/dev/nvme[0-9]+n[0-9]+" device != null;
  strange = lib.filter (device: !isDisk device) devices;
  rootBy = config.boot.initrd.systemd.root or null;

  menus = map (boot: boot.path) (loader.grub.mirroredBoots or [ ]);

  hasAny = options: builtins.any (option: builtins.elem option options);
  needsOthers =
    fs:
    let
      isInMemory =
        builtins.elem fs.fsType [
          "overlay"
          "ramfs"
          "tmpfs"
        ]
        || hasAny fs.options [ "bind" ];
      isEarly = fs.neededForBoot || builtins.match early fs.mountPoint != null;
      isOnDisk = builtins.match "/dev/.*|(PART)?(LABEL|UUID)=.*" (toString fs.device) != null;
      mayBeMissing = hasAny fs.options [
        "noauto"
        "nofail"
        "x-systemd.automount"
      ];
    in
    !isInMemory && (isEarly || isOnDisk && !mayBeMissing);
  others = lib.filter (
    fs: !(types ? ${fs.mountPoint}) && fs.mountPoint != xbootldr && needsOthers fs
  ) (builtins.attrValues config.fileSystems);

  rule = condition: sentence: lib.optional condition sentence;
in
rule (!(types ? "/")) "The guest has no fileSystems.\"/\": it is the one that every layout makes."
++ lib.concatMap (
  path:
  rule (types.${path} != wanted path)
    "fileSystems.\"${path}\" of the guest is ${types.${path}}: the layout ${layout} makes it ${wanted path}."
) (builtins.attrNames types)
++ lib.concatMap (
  fs:
  map (
    label:
    "fileSystems.\"${fs.mountPoint}\" of the guest has the label \"${label}\": a FAT label has 1 to "
    + "11 letters, digits, _ and -."
  ) (wrongLabel fs)
) made
++ rule (encrypted != [ ]) (
  "boot.initrd.luks.devices of the guest has ${lib.concatStringsSep ", " encrypted}, for which its "
  + "initrd would wait: the installer makes no encrypted partition, so leave them out."
)
++ rule hasArrays (
  "boot.swraid.mdadmConf of the guest has arrays, for which its initrd would wait: the installer makes "
  + "plain partitions, so leave it out."
)
++ rule (resumeDevice != "" && !(facts ? swap && named resumeDevice == facts.swap)) (
  "boot.resumeDevice of the guest is ${resumeDevice}, which the layout ${layout} does not make: leave "
  + "it out, or name the guest's swap partition in the same way in both."
)
++ map (
  fs:
  "fileSystems.\"${fs.mountPoint}\" of the guest is ${toString fs.device}, which the layout ${layout} "
  + "does not make, and the guest would not boot without it: leave it out; or, for a disk of its own "
  + "that is not needed early, give it the option nofail."
) others
++ map (
  name:
  "boot.loader.${name} of the guest has a menu of its own, from which the installer cannot tell that "
  + "the guest will start: use GRUB or systemd-boot."
) ownMenus
++ rule (
  bootloader.type == "none" && ownMenus == [ ] && !byHost
) "The guest has no boot loader that is known here, and a disk with the layout ${layout} boots by one: use GRUB or systemd-boot."
++ rule (bootloader.type == "systemd-boot" && xbootldr != null) (
  "boot.loader.systemd-boot.xbootldrMountPoint of the guest is ${toString xbootldr}: the installer "
  + "makes no XBOOTLDR partition, so leave it out, and the kernels go to the EFI system partition."
)
++ rule (rootBy == "gpt-auto" && !(byUefi && bootloader.type != "grub")) (
  "boot.initrd.systemd.root of the guest is \"gpt-auto\", which finds the root only where systemd-boot "
  + "has reported the disk: use systemd-boot, or leave the option out."
)
++ rule (bootloader.type == "grub" && !byHost && facts.firmware == [ ]) (
  "The guest's GRUB has the device \"nodev\", and no firmware starts it: set "
  + "boot.loader.grub.device = \"/dev/vda\", or leave out the module that sets nodev "
  + "(virtualisation/xen-domU.nix does); a Xen guest has the layout pygrub or direct."
)
++ rule (bootloader.type == "grub" && builtins.length devices == 1 && strange != [ ]) (
  "The guest's GRUB is written to ${toString strange}, and the installer knows the disk by the name "
  + "that it has in the virtual machine: set boot.loader.grub.device = \"/dev/vda\", or to /dev/sda or "
  + "/dev/xvda if that is its name there."
)
++ rule (builtins.length devices > 1) (
  "The guest's GRUB is written to ${lib.concatStringsSep ", " devices}, and the installer makes one "
  + "disk: name one of them in boot.loader.grub.device."
)
++ rule (bootloader.type == "grub" && builtins.any (path: path != "/boot") menus) (
  "boot.loader.grub.mirroredBoots of the guest has a path other than /boot, and GRUB's menu is read "
  + "back from there: set its path to /boot."
)
++ rule (
  byUefi && layout != "gpt"
) "The guest boots by UEFI, for which the layout ${layout} has no partition: use the layout gpt, or BIOS."
++ rule (byUefi && !bootloader.efi) (
  "The guest's GRUB enters itself in the firmware of one machine: set "
  + "boot.loader.grub.efiInstallAsRemovable = true."
)
++ rule (
  byHost && bootloader.device != "nodev"
) "The guest's GRUB is written to ${bootloader.device}, but the layout ${layout} has no boot sector: its device is \"nodev\"."
++ rule (
  layout == "pygrub" && bootloader.type == "grub" && !(types ? "/boot")
) "pygrub reads grub.cfg from the boot disk: the guest has to mount it on /boot."
