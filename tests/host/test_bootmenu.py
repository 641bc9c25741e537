#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves what is taken from the boot menus of installation media: the default entry."""

import unittest

import tap
from host.qemu.bootmenu import Entry, read_grub, read_isolinux
from host.install.proof import has_banner

LEAN = """\
SERIAL 0 115200
DEFAULT install
LABEL install
  LINUX /boot/vmlinuz
  INITRD /boot/initrd.img
  APPEND console=tty0 console=ttyS0,115200 quiet
"""
NIXOS = """\
UI vesamenu.c32
MENU TITLE NixOS
DEFAULT boot
LABEL memtest
  MENU LABEL Memtest86+
  LINUX /boot/memtest.bin
LABEL boot
  MENU LABEL NixOS Installer
  LINUX /boot/nix/store/x-linux/bzImage
  APPEND init=/nix/store/y/init  root=LABEL=nixos
  INITRD /boot/nix/store/z-initrd/initrd
LABEL boot-nomodeset
  LINUX /boot/bzImage
  APPEND nomodeset
  INITRD /boot/initrd
"""
DEBIAN = """\
default vesamenu.c32
label live
\tmenu label ^Live
\tkernel /live/vmlinuz
\tappend initrd=/live/initrd.img boot=live components
label other
\tmenu default
\tkernel /live/vmlinuz2
\tappend initrd=/live/initrd2.img boot=live
"""
GRUB = """\
set timeout=0
menuentry 'NixOS' --class installer {
  # comment
  linux ($root)/boot/bzImage \\${isoboot} init=/nix/store/x/init  root=LABEL="a b"
  initrd /boot/initrd
}
menuentry 'other' { linux /other
  initrd /other
}
"""
OURS = """\
menuentry "install" {
  if linux /boot/vmlinuz console=ttyS0,115200 quiet; then
    if initrd /boot/initrd.img; then boot; fi
  fi
}
"""


class Menus(unittest.TestCase):
    def test_isolinux_menus_are_understood(self):
        for text, entry in (
            (
                LEAN,
                Entry(
                    "/boot/vmlinuz", "/boot/initrd.img", "console=tty0 console=ttyS0,115200 quiet"
                ),
            ),
            (
                NIXOS,
                Entry(
                    "/boot/nix/store/x-linux/bzImage",
                    "/boot/nix/store/z-initrd/initrd",
                    "init=/nix/store/y/init root=LABEL=nixos",
                ),
            ),
            (DEBIAN, Entry("/live/vmlinuz2", "/live/initrd2.img", "boot=live")),
        ):
            self.assertEqual(read_isolinux(text), entry)

    def test_grub_menus_are_understood(self):
        self.assertEqual(
            read_grub(GRUB),
            Entry("/boot/bzImage", "/boot/initrd", "init=/nix/store/x/init root=LABEL=a b"),
        )
        self.assertEqual(
            read_grub(OURS),
            Entry("/boot/vmlinuz", "/boot/initrd.img", "console=ttyS0,115200 quiet"),
        )

    def test_what_starts_no_linux_is_nothing(self):
        for text in (
            "",
            "\0\xff",
            "LABEL a\n",
            "DEFAULT a\nLABEL a\nKERNEL menu.c32\n",
            "INITRD /a\nAPPEND b\n",
            "LABEL a\nLINUX /a\nINITRD /a,/b\n",
            "linux /a\n",
            "initrd /a\n",
            "linux 'unclosed\ninitrd /a\n",
            "linux $kernel\ninitrd $initrd\n",
        ):
            self.assertIsNone(read_isolinux(text), text)
            self.assertIsNone(read_grub(text), text)


class Banners(unittest.TestCase):
    def test_an_ssh_server_is_known_by_its_first_words(self):
        for heard, good in (
            (b"SSH-2.0-OpenSSH_9.2\r\n", True),
            (b"Welcome.\r\nSSH-2.0-x y\r\n", True),
            (b"SSH-1.99-x\n", True),
            (b"SSH-2.0-OpenSSH_9.2", False),
            (b"SSH-1.5-x\n", False),
            (b"HTTP/1.0 400 SSH-2.0-x\n", False),
            (b"", False),
        ):
            self.assertEqual(has_banner(heard), good, heard)


if __name__ == "__main__":
    tap.main()
