#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves how a kernel's command line is put together, and what is believed of a file that is no kernel."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import tap
from host.qemu import bootspec
from host.qemu.bootspec import System
from host.base.codes import Failure
from host.run.devices import tap_mac
from host.run.kernel import command_line, modules_share
from host.run.kernel_file import kernel_release
from host.run.options import Share, GuestOptions

SYSTEM = System(3, "/nix/store/x/init", "/nix/store/y/initrd", ("console=ttyS0,115200n8", "quiet"))


def header(version_at, text):
    data = bytearray(0x400)
    data[0x202:0x206] = b"HdrS"
    data[0x20E:0x210] = version_at.to_bytes(2, "little")
    return bytes(data) + text


class Kernels(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.temporary.name, "bzImage")

    def tearDown(self):
        self.temporary.cleanup()

    def write(self, data):
        with open(self.path, "wb") as file:
            file.write(data)

    def test_the_release_is_the_first_word_of_the_version(self):
        self.write(header(0x200, b"6.7.0-rc1+ (me@here) #1 SMP\0rest"))
        self.assertEqual(kernel_release(self.path), "6.7.0-rc1+")

    def test_what_is_no_kernel_has_no_release(self):
        for data in (b"", b"x" * 4096, header(0xFFFF, b"")):
            self.write(data)
            self.assertIsNone(kernel_release(self.path))

    def test_modules_are_found_in_every_form_that_modules_install_leaves(self):
        self.write(header(0x200, b"6.7 x\0"))
        top = os.path.join(self.temporary.name, "tree")
        folder = os.path.join(top, "lib/modules/6.7")
        os.makedirs(folder)
        for given in (top, os.path.join(top, "lib/modules"), folder):
            share = modules_share(GuestOptions(kernel=self.path, modules=given))
            self.assertEqual(share, Share(folder, "modules", readonly=True))
        with self.assertRaises(Failure):
            modules_share(GuestOptions(kernel=self.path, modules=self.temporary.name))

    def test_the_systems_words_come_first_and_the_users_last(self):
        line = command_line(GuestOptions(kernel="k", append="quiet=0 x"), SYSTEM, "")
        self.assertEqual(line, "init=/nix/store/x/init console=ttyS0,115200n8 quiet quiet=0 x")

    def test_a_system_without_a_serial_console_is_given_one(self):
        line = command_line(GuestOptions(kernel="k"), System(1, "/i", "", ("quiet",)), "")
        self.assertEqual(line, "init=/i quiet console=ttyS0")

    def test_without_an_initrd_the_root_is_named(self):
        line = command_line(GuestOptions(kernel="k", initrd="none"), SYSTEM, "")
        self.assertIn(" root=/dev/vda3 rw", line)
        line = command_line(GuestOptions(kernel="k", initrd="none"), System(0, "/i", "", ()), "")
        self.assertIn(" root=/dev/vda rw", line)

    def test_shares_and_addresses_are_in_the_words_that_systemd_knows(self):
        options = GuestOptions(
            kernel=self.path,
            guest="/g",
            shares=(Share("/d", "work", readonly=True),),
            address="10.1.2.3/20",
        )
        self.write(header(0x200, b"6.7 x\0"))
        words = command_line(options, SYSTEM, "9p").split()
        mount = "ro,trans=virtio,version=9p2000.L,msize=262144,nofail"
        self.assertIn(f"systemd.mount-extra=work:/mnt/work:9p:{mount}", words)
        self.assertIn(f"ifname=guest0:{tap_mac('/g')}", words)
        self.assertIn("ip=10.1.2.3:::255.255.240.0::guest0:none", words)

    def test_only_a_run_ends_with_a_panic(self):
        self.assertNotIn("panic", command_line(GuestOptions(kernel="k"), SYSTEM, ""))
        self.assertIn(" panic=-1", command_line(GuestOptions(kernel="k", run="s"), SYSTEM, ""))


class Bootspec(unittest.TestCase):
    """File systems of mke2fs, with what a guest may have written there."""

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.disk = os.path.join(self.temporary.name, "disk.raw")

    def tearDown(self):
        self.temporary.cleanup()

    def make_disk(self, boot_json, initrd=b"initrd"):
        tree = os.path.join(self.temporary.name, "tree")
        shutil.rmtree(tree, ignore_errors=True)
        os.makedirs(f"{tree}/nix/var/nix/profiles")
        os.makedirs(f"{tree}/nix/store/s")
        os.symlink("system-1-link", f"{tree}/nix/var/nix/profiles/system")
        os.symlink("/nix/store/s", f"{tree}/nix/var/nix/profiles/system-1-link")
        for name, data in (("boot.json", boot_json), ("initrd", initrd)):
            with open(f"{tree}/nix/store/s/{name}", "wb") as file:
                file.write(data)
        if os.path.exists(self.disk):
            os.unlink(self.disk)
        start = 8 << 20  # a hole, in which the disk's sectors are not the file's
        make = ["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-d", tree, "-E", f"offset={start}"]
        subprocess.run([*make, self.disk, "16M"], check=True, stdout=subprocess.DEVNULL)
        os.truncate(self.disk, 32 << 20)
        table = f"start={start // 512}, size={(16 << 20) // 512}".encode()
        sfdisk = ["/usr/sbin/sfdisk", "-q", "-X", "dos", self.disk]
        subprocess.run(sfdisk, input=table, check=True, capture_output=True)

    def test_the_profile_is_followed_to_the_systems_words(self):
        spec = {"init": "/nix/store/s/init", "initrd": "/nix/store/s/initrd", "kernelParams": ["a"]}
        content = bytes(range(256)) * 15000 + b"\0" * 300000 + b"end"
        self.make_disk(json.dumps({bootspec.KEY: spec}).encode(), content)
        system = bootspec.read_system(self.disk)
        self.assertEqual(system, System(1, "/nix/store/s/init", "/nix/store/s/initrd", ("a",)))
        copy = bootspec.read_initrd(self.disk, system, self.temporary.name)
        with open(copy, "rb") as file:
            self.assertEqual(file.read().rstrip(b"\0"), content)

    def test_what_a_guest_wrote_that_makes_no_sense_is_refused(self):
        for text in (b"", b"[]", b"{}", b'{"%s": {}}' % bootspec.KEY.encode()):
            self.make_disk(text)
            with self.assertRaises(Failure):
                bootspec.read_system(self.disk)
        spec = {"init": "/i\nx", "kernelParams": []}
        self.make_disk(json.dumps({bootspec.KEY: spec}).encode())
        with self.assertRaises(Failure):
            bootspec.read_system(self.disk)


if __name__ == "__main__":
    tap.main()
