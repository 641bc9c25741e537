#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that the words of run-guest's command line and of .guest mean what --help says, or are refused."""

import os
import unittest

import tap
from host.run import words
from host.base.codes import Code, Failure
from host.base.command_line import help_text
from host.run.table import PROGRAM
from host.run.options import Share, check


class Words(unittest.TestCase):
    def setUp(self):
        tap.enter_folder(self)

    def options(self, *arguments):
        return check(words.read(list(arguments)))

    def write(self, text):
        with open(".guest", "w", encoding="utf-8") as file:
            file.write(text)

    def refused(self, sentence, *arguments):
        with self.assertRaises(Failure) as caught:
            self.options(*arguments)
        self.assertEqual(caught.exception.code, Code.MISUSE)
        self.assertIn(sentence, caught.exception.sentence)

    def test_a_value_follows_its_option_with_a_blank_or_an_equals_sign(self):
        for arguments in (("g.raw", "--memory", "1G"), ("--memory=1G", "g.raw")):
            options = self.options(*arguments)
            self.assertEqual(options.machine.memory, "1G")
            self.assertEqual(options.guest, os.path.realpath("g.raw"))

    def test_nothing_named_and_no_file_is_refused(self):
        self.refused("a disk is needed")

    def test_the_file_counts_only_if_no_disk_is_the_first_argument(self):
        self.write("guest = a.raw\nmemory = 1G\n")
        self.assertEqual(self.options().machine.memory, "1G")
        self.assertEqual(self.options("b.raw").machine.memory, "512M")

    def test_a_task_of_the_command_line_takes_the_place_of_the_files(self):
        self.write("guest = a.raw\nrun = script\n")
        open("script", "w", encoding="ascii").close()
        self.assertTrue(self.options().run)
        self.assertFalse(self.options("--status").run)
        self.assertFalse(self.options("--daemon").run)

    def test_what_is_said_many_times_adds_up_over_file_and_command_line(self):
        self.write("guest = a.raw\ndisk = 1G\ndisk = 2G\n")
        self.assertEqual(self.options("--disk", "3G").disks, ("1G", "2G", "3G"))

    def test_a_line_is_split_at_its_first_equals_sign(self):
        self.write("guest = a.raw\nkernel = .guest\nappend = a=b c=d\n")
        self.assertEqual(self.options().append, "a=b c=d")

    def test_a_file_of_a_stranger_or_for_everybody_is_not_read(self):
        self.write("guest = a.raw\n")
        os.chmod(".guest", 0o666)
        self.refused("others than you can write it")
        if os.geteuid() == 0:
            os.chmod(".guest", 0o644)
            os.chown(".guest", 12345, 12345)
            self.refused("others than you can write it")

    def test_what_is_no_text_or_no_file_is_refused(self):
        with open(".guest", "wb") as file:
            file.write(b"guest = \xff\n")
        self.refused("cannot read .guest")
        os.unlink(".guest")
        os.mkdir(".guest")
        self.refused("cannot read .guest")

    def test_unknown_options_and_second_disks_are_refused(self):
        self.refused("unknown option '--colour'", "g.raw", "--colour")
        self.refused("one disk only: 'b'", "a", "b")
        self.refused("--memory needs a value", "a", "--memory")
        self.refused("--snapshot takes no value", "a", "--snapshot=yes")

    def test_shares_are_split_from_the_right(self):
        os.makedirs("a:b")
        options = self.options("g", "--share", "a:b:tag", "--share", f"{os.getcwd()}:two:ro")
        self.assertEqual(options.shares[0], Share(os.path.realpath("a:b"), "tag"))
        self.assertEqual(options.shares[1], Share(os.path.realpath("."), "two", readonly=True))

    def test_values_that_make_no_sense_are_refused(self):
        os.mkdir("d")
        for sentence, arguments in (
            ("--share takes", ("--share", "d")),
            ("--share takes", ("--share", "d:a,b")),
            ("there is no folder", ("--share", "e:tag")),
            ("is given twice", ("--share", "d:tag", "--share", "d:tag")),
            ("is that of --modules", ("--share", "d:modules")),
            ("--usb takes", ("--usb", "1:2")),
            ("--address takes", ("--address", "10.0.0.1")),
            ("--address takes", ("--address", "10.0.0.300/8")),
            ("--address needs", ("--address", "10.0.0.1/8")),
            ("--tap takes", ("--tap", "a,b")),
            ("--network takes", ("--network", "tap")),
            ("need --network user", ("--network", "none", "--ssh-port", "2222")),
            ("--user takes", ("--user", "-oProxyCommand=x")),
            ("--ssh-port takes a port from 1 to 65535", ("--ssh-port", "65536")),
            ("write --disk 1G", ("--disk", "1GB")),
            ("did you mean 4G?", ("--disk", "4")),
            ("d is a folder", ("--disk", "d")),
            ("--share-by takes", ("--share-by", "nfs")),
            ("--memory takes a size", ("--memory", "0")),
            ("--ssh-port takes", ("--ssh-port", "x")),
            ("--accel takes", ("--accel", "xen")),
            ("needs --kernel", ("--append", "x")),
            ("needs --kernel", ("--modules", "d")),
            ("cannot read the kernel", ("--kernel", "d")),
            ("there is no disk", ("--disk", "8X")),
            ("exclude each other", ("--daemon", "--console")),
            ("--json needs", ("--json",)),
            ("--iso and --from exclude each other", ("--iso", "i", "--from", "f")),
        ):
            with self.subTest(arguments=arguments):
                self.refused(sentence, "g.raw", *arguments)

    def test_a_copy_has_the_size_of_its_image_unless_another_is_named(self):
        for size, arguments in (
            ("4G", ("--iso", "i")),
            ("8G", ("--iso", "i", "--size", "8G")),
            ("", ("--from", "f")),
            ("8G", ("--from", "f", "--size", "8G")),
        ):
            self.assertEqual(self.options("g.raw", *arguments).size, size)

    def test_help_names_every_option_once(self):
        lines = help_text(PROGRAM).splitlines()
        for name in PROGRAM.options():
            heads = [
                line for line in lines if line.startswith(f"  --{name} ") or line == f"  --{name}"
            ]
            self.assertEqual(len(heads), 1, name)
        self.assertLessEqual(max(map(len, lines)), 100)

    def test_a_value_may_begin_with_a_dash(self):
        with open("k", "w"):
            pass
        for words in (("--append=-x",), ("--append", "-x")):
            self.assertEqual(self.options("g", "--kernel", "k", *words).append, "-x")


if __name__ == "__main__":
    tap.main()
