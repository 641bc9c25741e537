# SPDX-License-Identifier: MIT
# guest-installer, layouts pygrub and direct: a guest that the host starts without
# firmware. Xen's console, and the serial port for the same disk under QEMU.
{ ... }:
{
  imports = [ ./common.nix ];

  boot.kernelParams = [
    "console=ttyS0,115200n8"
    "console=hvc0"
  ];
}
