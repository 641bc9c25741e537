# SPDX-License-Identifier: MIT
# guest-installer, all layouts: drivers of virtual machines in the initrd, and a
# server to log in.
{ lib, ... }:
{
  options.guestInstaller.layout = lib.mkOption {
    type = lib.types.enum [
      "bios"
      "gpt"
      "pygrub"
      "direct"
    ];
    example = "gpt";
    description = ''
      The disk layout that this system is made for. Importing one of the layout
      modules sets it; the guest's manifest names it.
    '';
  };

  config = {
    boot.initrd.availableKernelModules = [
      "ata_piix"
      "sd_mod"
      "sr_mod"
      "virtio_blk"
      "virtio_net"
      "virtio_pci"
      "virtio_scsi"
      "xen-blkfront"
    ];

    # NixOS lets root in by key only; the installer writes the keys.
    services.openssh.enable = lib.mkDefault true;
  };
}
