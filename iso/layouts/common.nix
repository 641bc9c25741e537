# SPDX-License-Identifier: MIT
# guest-installer, all layouts: drivers of virtual machines in the initrd, and an
# SSH server.
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
      The disk layout of this system. The layout modules set it, and the guest's
      manifest contains it.
    '';
  };

  config = {
    boot.initrd.availableKernelModules = [
      "ahci"
      "ata_piix"
      "nvme"
      "sd_mod"
      "sr_mod"
      "virtio_blk"
      "virtio_net"
      "virtio_pci"
      "virtio_scsi"
      "xen-blkfront"
    ];

    # NixOS allows root to log in by key only; the installer writes the keys.
    services.openssh.enable = lib.mkOverride 1100 true;
  };
}
