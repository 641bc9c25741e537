# SPDX-License-Identifier: MIT
# What depends on the processor that a guest or an ISO is made for: a row for each architecture, by the
# name that uname gives it. tests/build/architectures.sh compares the rows with those of
# installer/base/architecture.c and qemu/host/base/architectures.py.
{
  x86_64 = {
    system = "x86_64-linux";
    # Debian's name, the folder of its libraries, and the loader of programs in there.
    debian = "amd64";
    multiarch = "x86_64-linux-gnu";
    loader = "ld-linux-x86-64.so.2";
    # The kernel's file, as nixpkgs calls it.
    kernelFile = "bzImage";
    efiName = "x64";
    efiProgram = "BOOTX64.EFI";
    grubTarget = "x86_64-efi";
    # Whether its machines have a BIOS, for which an ISO has ISOLINUX, and a serial port that GRUB drives.
    hasBios = true;
    hasGrubSerial = true;
    serialConsole = "ttyS0";
    consoles = [
      "tty0"
      "ttyS0,115200"
    ];
    # On a busy host an emulated timer can fire too late for the kernel's timer check, which then panics.
    kernelParams = [ "no_timer_check" ];
  };

  aarch64 = {
    system = "aarch64-linux";
    debian = "arm64";
    multiarch = "aarch64-linux-gnu";
    loader = "ld-linux-aarch64.so.1";
    kernelFile = "Image";
    efiName = "aa64";
    efiProgram = "BOOTAA64.EFI";
    grubTarget = "arm64-efi";
    hasBios = false;
    # Its firmware drives the serial port.
    hasGrubSerial = false;
    serialConsole = "ttyAMA0";
    # hvc0 is the only console of Apple's Virtualization framework; the last one is /dev/console.
    consoles = [
      "tty0"
      "hvc0"
      "ttyAMA0,115200"
    ];
    kernelParams = [ ];
  };
}
