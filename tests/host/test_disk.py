#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that a disk has its final name only when it was published, at whatever moment we are killed."""

import os
import tempfile
import unittest

import tap
from host.install import disk
from host.base.codes import Code, Failure
from host.install.disk import Disk


class Killed(Exception):
    pass


class WithDisks(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = self.temporary.name
        self.disks = [self.disk("root.raw"), self.disk("boot.raw"), self.disk("own.raw", None)]
        self.write("own.raw", "own")

    def tearDown(self):
        self.temporary.cleanup()

    def disk(self, name, size="1M"):
        return Disk(os.path.join(self.folder, name), "raw", size, name)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def make_partial(self):
        for made in self.disks[:2]:
            self.write(os.path.basename(made.partial), "new")

    def files(self):
        return sorted(os.listdir(self.folder))

    def kill_at(self, moment, action):
        """Carries the action out until its system call number `moment`; True if it got so far."""
        count = 0
        real = {name: getattr(os, name) for name in ("link", "unlink", "fsync")}

        def counted(name):
            def call(*arguments):
                nonlocal count
                if count == moment:
                    raise Killed
                count += 1
                return real[name](*arguments)

            return call

        for name in real:
            setattr(os, name, counted(name))
        try:
            action(self.disks)
        except Killed:
            return True
        finally:
            for name, call in real.items():
                setattr(os, name, call)
        return False


class Publishing(WithDisks):
    def test_published_disks_have_their_final_names_only(self):
        self.make_partial()
        disk.publish(self.disks)
        self.assertEqual(self.files(), ["boot.raw", "own.raw", "root.raw"])

    def test_killed_at_any_moment_all_or_none_are_published(self):
        outcomes = set()
        moment = 0
        while True:
            self.make_partial()
            killed = self.kill_at(moment, disk.publish)
            disk.recover(self.disks)
            self.assertIn(self.files(), (["own.raw"], ["boot.raw", "own.raw", "root.raw"]), moment)
            outcomes.add(len(self.files()))
            for made in self.disks[:2]:
                if os.path.exists(made.path):
                    os.unlink(made.path)
            if not killed:
                break
            moment += 1
        self.assertEqual(outcomes, {1, 3})
        self.assertGreater(moment, 5)

    def test_killed_while_recovering_the_next_recovers(self):
        for moment in range(3):
            self.make_partial()
            os.link(self.disks[1].partial, self.disks[1].path)
            self.assertTrue(self.kill_at(moment, disk.recover))
            disk.recover(self.disks)
            self.assertEqual(self.files(), ["own.raw"], moment)

    def test_nothing_is_published_over_a_file_that_appeared(self):
        for name in ("root.raw", "boot.raw"):
            self.make_partial()
            self.write(name, "precious")
            with self.assertRaises(Failure) as caught:
                disk.publish(self.disks)
            self.assertEqual(caught.exception.code, Code.MISUSE)
            disk.discard(self.disks)
            self.assertEqual(self.files(), sorted([name, "own.raw"]))
            with open(os.path.join(self.folder, name)) as file:
                self.assertEqual(file.read(), "precious")
            os.unlink(os.path.join(self.folder, name))

    def test_without_hard_links_a_disk_is_renamed_but_over_nothing(self):
        def no_links(*_arguments):
            raise OSError(disk.errno.EPERM, "no hard links here")

        real, os.link = os.link, no_links
        try:
            self.make_partial()
            disk.publish(self.disks)
            self.assertEqual(self.files(), ["boot.raw", "own.raw", "root.raw"])
            self.make_partial()
            with self.assertRaises(Failure):
                disk.publish(self.disks)
        finally:
            os.link = real


class Failing(WithDisks):
    def test_what_failed_goes_and_the_users_own_stays(self):
        self.make_partial()
        disk.discard(self.disks)
        self.assertEqual(self.files(), ["own.raw"])

    def test_what_failed_can_be_kept_under_another_name(self):
        self.make_partial()
        disk.discard(self.disks, keep=True)
        self.assertEqual(self.files(), ["boot.raw.failed", "own.raw", "root.raw.failed"])

    def test_a_disk_in_the_way_is_refused_even_a_broken_link(self):
        disk.require_absent(self.disks)
        os.symlink("nowhere", self.disks[0].path)
        with self.assertRaises(Failure) as caught:
            disk.require_absent(self.disks)
        self.assertEqual(caught.exception.code, Code.MISUSE)


if __name__ == "__main__":
    tap.main()
