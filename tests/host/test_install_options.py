#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves what first-run's options mean, and which it refuses with which words."""

import os
import subprocess
import unittest

import tap
from host.install import qemu_machine
from host.install.options import parse
from host.base.codes import Code, Failure


class WithFolder(unittest.TestCase):
    def setUp(self):
        tap.enter_folder(self)
        for name in ("iso", "key.pub", "own.raw"):
            with open(name, "w"):
                pass

    def parse(self, text, *more):
        return parse([*text.split(), *more])


BASE = "--disk guest.qcow2 --size 4G --iso iso --key key.pub"


class Meanings(WithFolder):
    def test_the_least_that_can_be_asked_for(self):
        options = self.parse(BASE)
        self.assertEqual(len(options.disks), 1)
        guest = options.disks[0]
        self.assertEqual(guest.path, os.path.realpath("guest.qcow2"))
        self.assertEqual((guest.format, guest.size, guest.existing), ("qcow2", "4G", False))
        self.assertRegex(guest.serial, r"^gi-[0-9a-f]{16}$")
        self.assertEqual(options.records, guest.path)
        self.assertEqual((options.timeout, options.network), (None, "none"))

    def test_the_name_gives_the_format_unless_it_is_named(self):
        for more, format in (
            ("--disk g.raw", "raw"),
            ("--disk=g.img", "raw"),
            ("--disk g.raw --format qcow2", "qcow2"),
            ("--disk g --format raw", "raw"),
        ):
            self.assertEqual(self.parse(f"{BASE} {more}").disks[0].format, format)

    def test_a_disk_that_exists_is_known_by_its_one_name(self):
        os.symlink("own.raw", "link.qcow2")
        options = self.parse("--disk link.qcow2 --existing --format raw --iso iso --key key.pub")
        self.assertEqual(options.disks[0].path, os.path.realpath("own.raw"))
        self.assertTrue(options.disks[0].existing)

    def test_more_disks_are_made_or_taken(self):
        options = self.parse(f"{BASE} --extra-disk boot.raw:64M --extra-disk own.raw")
        self.assertEqual([disk.serial for disk in options.disks[1:]], ["extra1", "extra2"])
        self.assertEqual([disk.size for disk in options.disks[1:]], ["64M", None])

    def test_settings_and_keys_add_up(self):
        options = self.parse(f"{BASE} --key https://example.org/a.keys --set a=b --set a=c=d")
        self.assertEqual(options.keys[1], "https://example.org/a.keys")
        self.assertEqual(options.settings, (("a", "b"), ("a", "c=d")))
        self.assertEqual(options.setting("a"), "c=d")
        self.assertEqual(
            self.parse(f"{BASE.replace(' --key key.pub', '')} --set keys=none").keys, ()
        )

    def test_commas_reach_qemu_doubled(self):
        os.mkdir("a,b")
        options = self.parse(BASE, "--disk", "a,b/g.qcow2")
        words = " ".join(qemu_machine.disk_arguments(options.disks))
        self.assertIn("a,,b/.g.qcow2.installing", words)

    def test_a_new_raw_disk_is_read_past_the_page_cache_where_that_works(self):
        new, own = self.parse(f"{BASE} --disk new.raw --extra-disk own.raw").disks
        with open(new.working, "wb") as file:
            file.truncate(1 << 20)
        dd = ["dd", f"if={new.working}", "of=/dev/null", "iflag=direct", "bs=4096", "count=1"]
        direct = subprocess.run(dd, stderr=subprocess.DEVNULL, check=False).returncode == 0
        words = " ".join(qemu_machine.disk_arguments([new, own]))
        self.assertIn("cache.direct=on,cache.no-flush=on" if direct else "cache=unsafe", words)
        self.assertIn("cache=writeback", words)
        self.assertIn("cache=unsafe", " ".join(qemu_machine.disk_arguments([self.missing()])))

    def missing(self):
        return self.parse(f"{BASE} --disk missing.raw").disks[0]


class Refusals(WithFolder):
    def test_misuse_is_named(self):
        for text, words in (
            ("", "needed"),
            ("--disk guest.qcow2 --iso iso --key key.pub", "--size (or --existing) is needed"),
            (f"{BASE} --existing", "--size and --existing exclude each other"),
            ("--disk guest.qcow2 --size 4G --iso iso", "--key is needed"),
            (f"{BASE} --size 4X", "--size takes a size such as 512M or 4G, not '4X'"),
            (f"{BASE} --size 0", "--size takes"),
            (f"{BASE} --size 4GiB", "not '4GiB'; write 4G"),
            (f"{BASE} --size 4", "--size 4 is too small: no guest fits on a disk below 64M; did"),
            (f"{BASE} --memory 64M", "--memory 64M is too small: the installer needs 128M"),
            (f"{BASE} --memory 1024", "needs 128M; did you mean 1024M?"),
            (f"{BASE} --memory 4", "needs 128M; did you mean 4G?"),
            (f"{BASE} --size 20480", "below 64M; did you mean 20480M?"),
            (f"{BASE} --extra-disk more.raw:4", "has at least 1M; did you mean 4G?"),
            (f"{BASE} --memory lots", "--memory takes"),
            (f"{BASE} --cores 0", "--cores takes a whole number from 1 on, not '0'"),
            (f"{BASE} --timeout 1.5", "--timeout takes"),
            (f"{BASE} --stage-timeout -1", "--stage-timeout"),
            (f"{BASE} --firmware coreboot", "--firmware takes"),
            (f"{BASE} --accel hvf", "--accel takes"),
            (f"{BASE} --network bridge", "--network takes"),
            (f"{BASE} --network tap=a,script=/bin/sh", "--network takes"),
            (f"{BASE} --format vmdk", "--format takes"),
            (f"{BASE} --set Disk=auto", "--set takes key=value, not 'Disk=auto'"),
            (f"{BASE} --disk /nonexistent/g.qcow2", "/nonexistent/g.qcow2 does not exist"),
            (f"{BASE} --iso absent.iso", "cannot read the ISO absent.iso: No such file"),
            (f"{BASE} --iso .", "cannot read the ISO .: Is a directory"),
            (f"{BASE} --disk .", "is a folder: name the disk in it, such as"),
            (f"{BASE} --key=", "--key needs a value"),
            (f"{BASE} --records absent", "the folder absent does not exist"),
            (f"{BASE} --extra-disk absent.raw", "as in --extra-disk absent.raw:1G"),
            (f"{BASE} --extra-disk absent.raw:2GiB", "as in --extra-disk absent.raw:2G"),
            (f"{BASE} --boot-disk absent.raw", "there is no disk absent.raw: to have one made"),
            (f"{BASE} --extra-disk guest.qcow2:1G", "named twice"),
            (
                "--disk absent --existing --iso iso --key key.pub",
                "there is no disk absent: leave --existing away and give --size",
            ),
            (f"{BASE} --prove-boot --set layout=direct", "--prove-boot"),
            (f"{BASE} --set on-success=kexec", "start the guest afterwards"),
            (f"{BASE} --set if-installed=boot", "start the guest afterwards"),
            (f"{BASE} --dis x", "unknown option '--dis'"),
            (f"{BASE} stray", "unexpected argument 'stray'"),
            ("--disk", "--disk needs a value"),
        ):
            with self.subTest(text=text), self.assertRaises(Failure) as caught:
                self.parse(text)
            self.assertEqual(caught.exception.code, Code.MISUSE, text)
            self.assertIn(words, caught.exception.sentence)

    def test_a_secret_is_no_argument(self):
        with self.assertRaises(Failure) as caught:
            self.parse(BASE, "--set", "report-token=geheim")
        self.assertIn("report-token is a secret", caught.exception.sentence)
        self.assertNotIn("geheim", caught.exception.sentence)

    def test_a_setting_is_one_line(self):
        for text in ("two words", "a=b\nc=d", "a=\x1b", "=b", "a"):
            with self.assertRaises(Failure):
                self.parse(BASE, "--set", text)


if __name__ == "__main__":
    tap.main()
