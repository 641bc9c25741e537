#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves what run-guest's options for kernel developers become, and which of them are refused."""

import os
import socket
import unittest

import tap
from host.base.codes import Code, Failure
from host.run import words
from host.run.debug import choose_vsock, debug_arguments, find_symbols, gdb_line, vsock_line
from host.run.debug_options import DebugOptions, read_debug


class Options(unittest.TestCase):
    def setUp(self):
        tap.enter_folder(self)

    def options(self, *arguments):
        return read_debug(words.read(["g.raw", *arguments]))

    def test_paths_become_absolute_and_arguments_stay_as_they_are(self):
        options = self.options("--gdb", "s", "--qemu-arg", "-S", "--qemu-arg=a b", "--dump", "c")
        self.assertEqual(options.gdb, os.path.abspath("s"))
        self.assertEqual(options.dump, os.path.abspath("c"))
        self.assertEqual(options.qemu_arguments, ("-S", "a b"))

    def test_an_address_is_no_path(self):
        for address in ("127.0.0.1:1234", "[::1]:1234", "localhost:65535"):
            self.assertEqual(self.options("--gdb", address).gdb, address)
        self.assertEqual(self.options("--gdb", "./a:1").gdb, os.path.abspath("a:1"))

    def test_a_stale_socket_may_be_taken(self):
        with socket.socket(socket.AF_UNIX) as stream:
            stream.bind("s")
        self.assertTrue(self.options("--gdb", "s").gdb)

    def test_what_makes_no_sense_is_refused(self):
        open("file", "w", encoding="ascii").close()
        for sentence, arguments in (
            ("--gdb takes a socket's path, or HOST:PORT", ("--gdb", "1234")),
            ("--gdb takes a socket's path, or HOST:PORT", ("--gdb", "a:0")),
            ("--gdb takes a socket's path, or HOST:PORT", ("--gdb", "a:65536")),
            ("--gdb takes a socket's path, or HOST:PORT", ("--gdb", "tcp::1234")),
            ("exists and is no socket", ("--gdb", "file")),
            ("is longer than 107 bytes", ("--gdb", "s" * 108)),
            ("--gdb-wait needs --gdb", ("--gdb-wait",)),
            ("file exists already", ("--dump", "file")),
            ("file exists already", ("--dump-on-panic", "file")),
            ("there is no folder", ("--dump", "none/core")),
            ("--vsock takes auto or a number from 3", ("--vsock", "2")),
            ("--vsock takes auto or a number from 3", ("--vsock", "4294967295")),
            ("--vsock takes auto or a number from 3", ("--vsock", "-1")),
        ):
            with self.subTest(arguments=arguments), self.assertRaises(Failure) as caught:
                self.options(*arguments)
            self.assertEqual(caught.exception.code, Code.MISUSE)
            self.assertIn(sentence, caught.exception.sentence)


class Arguments(unittest.TestCase):
    def setUp(self):
        tap.enter_folder(self)

    def test_nothing_said_is_no_argument(self):
        self.assertEqual(debug_arguments(DebugOptions(), 0), [])

    def test_each_place_of_the_stub_is_a_channel_of_qemu(self):
        for gdb, place in (
            ("/a,b", "path=/a,,b"),
            ("localhost:1", "host=localhost,port=1"),
            ("[::1]:99", "host=::1,port=99"),
        ):
            channel = f"socket,id=gdb,{place},server=on,wait=off"
            found = debug_arguments(DebugOptions(gdb=gdb), 0)
            self.assertEqual(found, ["-chardev", channel, "-gdb", "chardev:gdb"])

    def test_the_users_arguments_are_the_last_ones(self):
        options = DebugOptions(qemu_arguments=("-x", "y z"), dump_on_panic="/core")
        found = debug_arguments(options, 77)
        self.assertEqual(found[-4:], ["-device", "vhost-vsock-pci,guest-cid=77", "-x", "y z"])
        self.assertEqual(found[:4], ["-device", "pvpanic", "-action", "panic=pause"])

    def test_symbols_are_those_of_the_build_folder(self):
        os.makedirs("tree/arch/x86/boot")
        kernel = os.path.abspath("tree/arch/x86/boot/bzImage")
        self.assertEqual(find_symbols(kernel), "")
        self.assertEqual(gdb_line(DebugOptions(), kernel), "")
        line = gdb_line(DebugOptions(gdb="/a b"), kernel)
        self.assertEqual(line, "gdb -ex 'target remote /a b'")
        open("tree/vmlinux", "w", encoding="ascii").close()
        line = gdb_line(DebugOptions(gdb="a:1"), kernel)
        self.assertEqual(line, f"gdb {os.path.realpath('tree/vmlinux')} -ex 'target remote a:1'")
        open("tree/arch/x86/boot/vmlinux", "w", encoding="ascii").close()
        self.assertTrue(find_symbols(kernel).endswith("boot/vmlinux"))


class VirtioSocket(unittest.TestCase):
    def setUp(self):
        tap.enter_folder(self)
        open("device", "w", encoding="ascii").close()

    def test_it_is_not_looked_for_unless_it_was_asked_for(self):
        self.assertEqual(choose_vsock("", "g.raw", "none"), (0, ""))

    def test_a_guest_has_the_same_number_at_every_start_and_its_own(self):
        one, reason = choose_vsock("auto", "g.raw", "device")
        self.assertEqual(reason, "")
        self.assertTrue(3 <= one < 0xFFFFFFFF)
        self.assertEqual(choose_vsock("auto", "./g.raw", "device")[0], one)
        self.assertNotEqual(choose_vsock("auto", "h.raw", "device")[0], one)
        self.assertEqual(choose_vsock("77", "g.raw", "device"), (77, ""))

    def test_a_host_without_the_device_is_told_or_refused(self):
        cid, reason = choose_vsock("auto", "g.raw", "none")
        self.assertEqual(cid, 0)
        self.assertIn("this host has no none (modprobe vhost_vsock)", reason)
        with self.assertRaises(Failure) as caught:
            choose_vsock("77", "g.raw", "none")
        self.assertEqual(caught.exception.code, Code.EMULATOR)
        self.assertEqual(caught.exception.sentence, reason)

    def test_the_line_names_the_guest(self):
        self.assertRegex(
            vsock_line(77, "root"), r"^ssh -o .*(root@vsock/77|VSOCK-CONNECT:77:22.*)$"
        )


if __name__ == "__main__":
    tap.main()
