#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves when hardware virtualisation is used, and what sizes and names become for QEMU."""

import os
import tempfile
import unittest

import tap
from host.qemu import emulator
from host.base.codes import Code, Failure


class Acceleration(unittest.TestCase):
    def test_it_needs_the_device_and_the_processor(self):
        with tempfile.TemporaryDirectory() as folder:
            device, cpuinfo = os.path.join(folder, "kvm"), os.path.join(folder, "cpuinfo")
            open(device, "w").close()
            for flags, accel in (
                ("flags : fpu vmx sse", "kvm"),
                ("flags : fpu svm", "kvm"),
                ("flags : fpu vmxnot sse", "tcg"),
                ("", "tcg"),
            ):
                with open(cpuinfo, "w") as file:
                    file.write(flags)
                self.assertEqual(emulator.detect_acceleration(device, cpuinfo), accel, flags)
                absent = os.path.join(folder, "absent")
                self.assertEqual(emulator.detect_acceleration(absent, cpuinfo), "tcg")
            self.assertEqual(emulator.detect_acceleration(device, absent), "tcg")

    def test_the_user_decides(self):
        self.assertEqual(emulator.acceleration(emulator.MachineOptions(accel="kvm")), "kvm")


class Words(unittest.TestCase):
    def test_sizes_are_bytes(self):
        for text, size in (("1", 1), ("512M", 512 << 20), ("4G", 4 << 30), ("1T", 1 << 40)):
            self.assertEqual(emulator.parse_size("--size", text), size)
        for text in ("", "0", "-1", "4g", "4 G", "1.5G", "4GB", "\u0664G"):
            with self.assertRaises(Failure) as caught:
                emulator.parse_size("--size", text)
            self.assertEqual(caught.exception.code, Code.MISUSE)

    def test_commas_are_doubled(self):
        self.assertEqual(emulator.quote("a,b,,c"), "a,,b,,,,c")

    def test_the_name_gives_the_format(self):
        for name, format in (
            ("a.raw", "raw"),
            ("a.img", "raw"),
            ("a.qcow2", "qcow2"),
            ("a", "qcow2"),
        ):
            self.assertEqual(emulator.disk_format(name), format)


if __name__ == "__main__":
    tap.main()
