#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that files are taken out of disks as they are, and nothing from what is no such disk."""

import os
import resource
import signal
import stat
import struct
import subprocess
import tempfile
import unittest

import tap
from host.base.codes import Code, Failure
from host.qemu import disk_files
from host.qemu.disk_files import NotFound

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

    def partitioned(self):
        """The same file system as the first partition of an MBR, at 1 MiB."""
        disk = self.path("partitioned.img")
        with open(self.disk, "rb") as whole, open(disk, "wb") as file:
            entry = struct.pack("<4xB3xII", 0x83, MIB // 512, 8 * MIB // 512)
            file.write(b"\0" * 446 + entry + b"\0" * 48 + b"\x55\xaa")
            file.seek(MIB)
            file.write(whole.read())
        return disk

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_a_file_is_taken_out_of_a_whole_disk(self):
        self.assertEqual(disk_files.find_partition(self.disk, KERNEL), 0)
        self.assertEqual(disk_files.read_file(self.disk, 0, KERNEL, MIB), self.content)

    def test_a_file_is_taken_out_of_a_partition(self):
        disk = self.partitioned()
        self.assertEqual(disk_files.find_partition(disk, KERNEL), 1)
        disk_files.copy_file(disk, 1, KERNEL, self.path("kernel"))
        self.assertEqual(self.read("kernel"), self.content)

    def test_a_known_format_counts_more_than_the_name(self):
        disk = self.path("disk.img.partial")
        os.rename(self.partitioned(), disk)
        self.assertEqual(disk_files.find_partition(disk, KERNEL, format="raw"), 1)
        disk_files.copy_file(disk, 1, KERNEL, self.path("kernel"), format="raw")
        self.assertEqual(self.read("kernel"), self.content)

    def test_names_with_signs_that_other_programs_obey_are_names(self):
        for name in ("a,b?offset=1 %h:c.img", "d,,e\n\"f'.qcow2"):
            disk = self.path(name)
            format = "raw" if name.endswith(".img") else "qcow2"
            command = ["qemu-img", "convert", "-f", "raw", "-O", format, self.disk, disk]
            subprocess.run(command, check=True)
            out = self.path(f"kernel of {name}")
            disk_files.copy_file(disk, 0, KERNEL, out)
            with open(out, "rb") as file:
                self.assertEqual(file.read(), self.content)

    def test_a_copy_is_for_its_owner_alone_and_never_written_through_a_link(self):
        for name in ("kernel", "kernel.new"):
            os.symlink(self.path("victim"), self.path(name))
        with open(self.path("victim"), "w") as file:
            file.write("of somebody else")
        disk_files.copy_file(self.disk, 0, KERNEL, self.path("kernel"))
        self.assertEqual(self.read("victim"), b"of somebody else")
        self.assertEqual(self.read("kernel"), self.content)
        status = os.lstat(self.path("kernel"))
        self.assertTrue(stat.S_ISREG(status.st_mode))
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o600)

    def test_a_file_beyond_the_limit_is_refused_before_it_is_copied(self):
        with self.assertRaises(Failure) as caught:
            disk_files.read_file(self.disk, 0, KERNEL, 1000)
        self.assertIn("1000 are the limit", caught.exception.sentence)
        with open(self.path("tree/huge"), "wb") as file:
            file.truncate(1 << 42)
        self.make(self.path("tree"), self.path("huge.img"))
        with self.assertRaises(Failure):
            disk_files.copy_file(self.path("huge.img"), 0, "/huge", self.path("huge"))
        self.assertFalse(os.path.exists(self.path("huge")))

    def test_a_full_host_leaves_no_part_of_a_file(self):
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100000, limit[1]))
        try:
            with self.assertRaises(OSError):
                disk_files.copy_file(self.disk, 0, KERNEL, self.path("kernel"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        self.assertFalse({"kernel", "kernel.new"} & set(os.listdir(self.folder.name)))

    def test_what_is_not_there_leaves_nothing(self):
        for path in ("/nix/other", "/nix", "/kernel/x"):
            with self.subTest(path=path), self.assertRaises(NotFound):
                disk_files.copy_file(self.disk, 0, path, self.path("kernel"))
        self.assertFalse({"kernel", "kernel.new"} & set(os.listdir(self.folder.name)))

    def test_an_empty_file_is_no_kernel(self):
        open(self.path("tree/empty"), "w").close()
        self.make(self.path("tree"), self.path("second.img"))
        with self.assertRaises(Failure) as caught:
            disk_files.copy_file(self.path("second.img"), 0, "/empty", self.path("kernel"))
        self.assertIn("the file is empty", caught.exception.sentence)

    def test_paths_that_are_no_paths_of_files_are_refused(self):
        for path in ("/a b", '/a"b', "a", "/", "/a\nquit", "/a;b", "", "/a//b"):
            with self.subTest(path=path), self.assertRaises(Failure) as caught:
                disk_files.copy_file(self.disk, 0, path, self.path("kernel"))
            self.assertEqual(caught.exception.code, Code.MISUSE)

    def test_what_is_no_disk_with_such_a_file_is_refused(self):
        for name, content in (("blank.img", bytes(MIB)), ("short.img", b"x" * 512)):
            with open(self.path(name), "wb") as file:
                file.write(content)
            with self.subTest(name=name), self.assertRaises(NotFound):
                disk_files.find_partition(self.path(name), KERNEL)
        with self.assertRaises(Failure):
            disk_files.read_file(self.path("missing"), 0, KERNEL, MIB)


if __name__ == "__main__":
    tap.main()
