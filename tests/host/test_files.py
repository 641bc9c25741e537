#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that files of a run are for their owner alone, and never written through a link."""

import os
import stat
import tempfile
import unittest

import tap
from host.base import files
from host.install import disk
from host.install.disk import Disk
from host.protocol import records


class InASharedFolder(unittest.TestCase):
    """Another user of the folder has left links to a file of ours under every name we write to."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        self.addCleanup(os.umask, os.umask(0))
        with open(self.path("victim"), "w") as file:
            file.write("untouched")

    def path(self, name):
        return os.path.join(self.folder, name)

    def link(self, *names):
        for name in names:
            os.symlink("victim", self.path(name))

    def private(self, name):
        """A regular file for its owner alone, and the victim as it was."""
        with open(self.path("victim")) as file:
            self.assertEqual(file.read(), "untouched")
        status = os.lstat(self.path(name))
        self.assertTrue(stat.S_ISREG(status.st_mode), name)
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o600, name)

    def test_a_verdict(self):
        self.link("guest.verdict.json", "guest.verdict.json.new")
        records.write_verdict(self.path("guest.verdict.json"), {"code": 0})
        self.private("guest.verdict.json")

    def test_a_log_and_the_numbered_ones(self):
        self.link("guest.log", "guest.log.1")
        records.Log(self.path("guest.log")).close()
        self.private("guest.log")

    def test_a_disk(self):
        for name, format in (("a.img", "raw"), ("b.qcow2", "qcow2")):
            made = Disk(self.path(name), format, "1M", "serial")
            disk.make([made])
            self.private(os.path.basename(made.partial))

    def test_a_link_under_a_disks_temporary_name_ends_the_run(self):
        for name, format in (("a.img", "raw"), ("b.qcow2", "qcow2")):
            made = Disk(self.path(name), format, "1M", "serial")
            self.link(os.path.basename(made.partial))
            with self.assertRaises(disk.Failure):
                disk.make([made])
            with open(self.path("victim")) as file:
                self.assertEqual(file.read(), "untouched")

    def test_a_block_that_fails_leaves_the_old_file(self):
        files.write_whole(self.path("a"), "old")
        with self.assertRaises(ValueError):
            with files.replacing(self.path("a")) as file:
                file.write(b"new")
                raise ValueError
        with open(self.path("a")) as file:
            self.assertEqual(file.read(), "old")
        self.assertEqual(sorted(os.listdir(self.folder)), ["a", "victim"])


if __name__ == "__main__":
    tap.main()
