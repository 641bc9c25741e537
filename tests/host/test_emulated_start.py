#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves which kernels are unpacked for an emulated processor, and that others start as they are."""

import lzma
import os
import struct
import tempfile
import unittest
from unittest import mock

import tap
from host.qemu import emulated_start
from host.qemu.emulated_start import spare_processor, unpack_kernel
from host.qemu.emulator import MachineOptions
from host.qemu.medium import BootFiles


def note(name: bytes, kind: int) -> bytes:
    return struct.pack("<III", len(name), 5, kind) + name + b"entry\0\0\0"


def elf(*notes: bytes) -> bytes:
    """A program with one segment, of notes."""
    head = b"\x7fELF\x02\x01".ljust(32, b"\0") + struct.pack("<QQIHHH", 64, 0, 0, 64, 56, 1)
    data = b"".join(notes)
    segment = struct.pack("<IIQQQQQQ", 4, 0, 120, 0, 0, len(data), len(data), 4)
    return head.ljust(64, b"\0") + segment + data


def bzimage(payload: bytes) -> bytes:
    """One sector of setup, and the payload behind 16 bytes of code."""
    head = bytearray(1024)
    head[0x1F1] = 1
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<I", head, 0x248, 16)
    return bytes(head) + b"c" * 16 + payload + b"size"


PVH = elf(note(b"GNU\0", 1), note(b"Xen\0", 18))


class UnpackKernel(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name: str) -> str:
        return os.path.join(self.folder.name, name)

    def unpack(self, packed: bytes) -> bool:
        with open(self.path("kernel"), "wb") as file:
            file.write(packed)
        return unpack_kernel(self.path("kernel"), self.path("vmlinux"))

    def test_a_kernel_packed_with_xz_is_unpacked(self) -> None:
        self.assertTrue(self.unpack(bzimage(lzma.compress(PVH))))
        with open(self.path("vmlinux"), "rb") as file:
            self.assertEqual(file.read(), PVH)

    def test_what_cannot_start_unpacked_is_left_as_it_is(self) -> None:
        packed = lzma.compress(PVH)
        for kernel in (
            b"",
            b"MZ",
            b"\0" * 1024,
            bzimage(b""),
            bzimage(b"\x04\x22\x4d\x18" + PVH),
            bzimage(packed[:-20]),
            bzimage(packed[:40] + b"damaged" + packed[47:]),
            bzimage(lzma.compress(b"no program")),
            bzimage(lzma.compress(elf(note(b"GNU\0", 1)))),
            bzimage(lzma.compress(elf(note(b"GNU\0", 18), note(b"Xen\0", 1)))),
            bzimage(lzma.compress(PVH[:100])),
        ):
            with self.subTest(kernel=kernel[1020:1060]):
                self.assertFalse(self.unpack(kernel))
                self.assertFalse(os.path.exists(self.path("vmlinux")))

    def test_a_kernel_that_is_too_large_is_left_as_it_is(self) -> None:
        with mock.patch.object(emulated_start, "LARGEST_KERNEL", 1 << 20):
            self.assertFalse(self.unpack(bzimage(lzma.compress(PVH + bytes(3 << 20)))))

    def spare(self, accel: str, firmware: str) -> BootFiles:
        self.assertTrue(self.unpack(bzimage(lzma.compress(PVH))))
        os.unlink(self.path("vmlinux"))
        boot = BootFiles(self.path("kernel"), "initrd", "quiet")
        with mock.patch.object(emulated_start, "acceleration", lambda machine: accel):
            return spare_processor(boot, MachineOptions(firmware=firmware), self.folder.name)

    def test_only_an_emulated_processor_is_spared(self) -> None:
        self.assertEqual(self.spare("kvm", "bios").command_line, "quiet")
        self.assertEqual(self.spare("kvm", "bios").kernel, self.path("kernel"))
        self.assertEqual(self.spare("tcg", "bios").command_line, "quiet mitigations=off")
        self.assertEqual(self.spare("tcg", "bios").kernel, self.path("vmlinux"))

    def test_uefi_starts_the_packed_kernel(self) -> None:
        self.assertEqual(self.spare("tcg", "uefi").kernel, self.path("kernel"))


if __name__ == "__main__":
    tap.main()
