#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that files are taken out of disks as they are, and nothing from what is no such disk."""

import os
import struct
import subprocess
import tempfile
import unittest

import tap
from host.qemu import image
from host.base.codes import Code, Failure

KERNEL = "/nix/store/a+b-linux-6.1/bzImage"
MIB = 1 << 20


class Images(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        tree = self.path("tree")
        os.makedirs(os.path.dirname(tree + KERNEL))
        self.content = os.urandom(300000)
        with open(tree + KERNEL, "wb") as file:
            file.write(self.content)
        os.symlink(KERNEL, tree + "/kernel")
        self.disk = self.path("whole.img")
        self.make(tree, self.disk)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def make(self, tree, disk):
        command = ["mke2fs", "-q", "-t", "ext4", "-d", tree, disk, "8M"]
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PATH": path})

    def partitioned(self, kind=0x83):
        """The same file system as the first partition of an MBR, at 1 MiB."""
        disk = self.path("partitioned.img")
        with open(self.disk, "rb") as whole, open(disk, "wb") as file:
            entry = struct.pack("<4xB3xII", kind, MIB // 512, 8 * MIB // 512)
            file.write(b"\0" * 446 + entry + b"\0" * 48 + b"\x55\xaa")
            file.seek(MIB)
            file.write(whole.read())
        return disk

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_a_file_is_taken_out_of_a_whole_disk(self):
        image.take_file(self.disk, KERNEL, self.path("kernel"))
        self.assertEqual(self.read("kernel"), self.content)

    def test_a_file_is_taken_out_of_the_first_partition(self):
        image.take_file(self.partitioned(), KERNEL, self.path("kernel"))
        self.assertEqual(self.read("kernel"), self.content)

    def test_what_is_not_there_leaves_nothing(self):
        with self.assertRaises(Failure) as caught:
            image.take_file(self.disk, "/nix/other", self.path("kernel"))
        self.assertIn("cannot take /nix/other", caught.exception.sentence)
        self.assertNotIn("kernel", os.listdir(self.folder.name))
        self.assertNotIn("kernel.new", os.listdir(self.folder.name))

    def test_paths_that_debugfs_would_take_for_more_are_refused(self):
        for path in ("/a b", '/a"b', "a", "/", "/a\nquit", "/a;b", "", "/a//b"):
            with self.subTest(path=path), self.assertRaises(Failure) as caught:
                image.take_file(self.disk, path, self.path("kernel"))
            self.assertEqual(caught.exception.code, Code.MISUSE)

    def test_what_is_no_disk_of_ours_is_refused(self):
        for name, content in (("blank", bytes(MIB)), ("short", b"x"), ("empty", b"")):
            with open(self.path(name), "wb") as file:
                file.write(content)
            with self.subTest(name=name), self.assertRaises(Failure):
                image.take_file(self.path(name), KERNEL, self.path("kernel"))
        with self.assertRaises(Failure):
            image.take_file(self.partitioned(kind=0xEE), KERNEL, self.path("kernel"))
        with self.assertRaises(Failure):
            image.take_file(self.path("missing"), KERNEL, self.path("kernel"))


if __name__ == "__main__":
    tap.main()
