# SPDX-License-Identifier: MIT
# What the manifest says of a guest, read from its NixOS configuration: layout,
# mounts, swap, boot loader, firmware and SSH. Sizes are counted when the cache
# is made (make-manifest).
{ lib }:
config:
let
  boot = config.boot.loader;
  grub = boot.grub;
  systemdBoot = boot.systemd-boot.enable or false;
  byUefi = grub.enable && grub.efiSupport || systemdBoot;
  # Whether EFI/BOOT/BOOTX64.EFI is written.
  removable = grub.enable && grub.efiSupport && grub.efiInstallAsRemovable || systemdBoot;

  # A new file system has the name that the guest asks for; on the disks of a
  # pygrub guest it is their place that counts, and the layout names them.
  identity =
    fs:
    let
      label = builtins.match "/dev/disk/by-label/(.+)" fs.device;
      uuid = builtins.match "/dev/disk/by-uuid/(.+)" fs.device;
    in
    if label != null then
      { label = builtins.head label; }
    else if uuid != null then
      { uuid = builtins.head uuid; }
    else if config.guestInstaller.layout == "pygrub" then
      { label = if fs.mountPoint == "/boot" then "NIXBOOT" else "NIXROOT"; }
    else
      throw (
        "fileSystems.\"${fs.mountPoint}\" of the guest is ${fs.device}: the installer can give a "
        + "new file system a label or a UUID, so name it /dev/disk/by-label/… or /dev/disk/by-uuid/…."
      );

  # Only what the installer makes: file systems on the guest's own disks.
  ours = lib.filter (
    fs:
    builtins.elem fs.fsType [
      "ext4"
      "vfat"
    ]
  ) (builtins.attrValues config.fileSystems);

  # A swap partition that the installer has to make; swap files are the guest's own.
  swaps = lib.filter (device: device.size or null == null) config.swapDevices;
  swapLabel =
    device:
    let
      label = builtins.match "/dev/disk/by-label/(.+)" device.device;
    in
    if label != null then
      builtins.head label
    else
      throw (
        "swapDevices of the guest has ${device.device}: the installer gives a new swap partition a "
        + "label, so name it by one, as in swapDevices = [ { label = \"swap\"; } ]."
      );
  swap =
    if swaps == [ ] then
      { }
    else if builtins.length swaps == 1 then
      { swap.label = swapLabel (builtins.head swaps); }
    else
      throw "swapDevices of the guest has several partitions, and the installer makes one: use swap files.";

  mount =
    fs:
    {
      path = fs.mountPoint;
      fstype = fs.fsType;
    }
    // identity fs;

  devices = lib.filter (device: device != "nodev") (
    if grub.devices or [ ] != [ ] then grub.devices else [ grub.device ]
  );
in
{
  layout = config.guestInstaller.layout;
  mounts = map mount (lib.sort (a: b: a.mountPoint < b.mountPoint) ours);
  bootloader = {
    type =
      if grub.enable then
        "grub"
      else if systemdBoot then
        "systemd-boot"
      else
        "none";
    device = if grub.enable && devices != [ ] then builtins.head devices else "nodev";
    efi = removable;
  };
  firmware =
    lib.optional (grub.enable && devices != [ ]) "bios" ++ lib.optional byUefi "uefi";
  ssh = {
    enabled = config.services.openssh.enable;
    authorized_keys_files = config.services.openssh.authorizedKeysFiles;
  };
}
// swap
