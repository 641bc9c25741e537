#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves what first-run --from takes and refuses, and with which arguments it starts the installer's program."""

import os
import shutil
import unittest
from unittest import mock

import tap
from host import first_run, hypervisors
from host.base.codes import Code, Failure
from host.install import image_copy
from host.install.options import parse
from host.install.source_options import FOREIGN
from host.install.table import PROGRAM

BASE = "--disk web.qcow2 --from image.raw --key key.pub"
TWO = f"{BASE} --disk web.raw --from-boot boot.raw --boot-disk web-boot.raw"


class WithFolder(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.realpath(tap.enter_folder(self))
        with open("key.pub", "w") as file:
            file.write(
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFKo1Xcj1tZ6ygrxO0NAXAnOe1UuQ8Ty1sEP0sy0hyLw\n"
            )

    def parse(self, text, *more):
        return parse([*text.split(), *more])


class Meanings(WithFolder):
    def test_the_least_that_can_be_asked_for(self):
        options = self.parse(BASE)
        self.assertEqual(options.source.image, f"{self.folder}/image.raw")
        self.assertEqual((options.source.boot, options.iso), ("", ""))
        disk = options.disks[0]
        self.assertEqual((disk.format, disk.size, disk.existing), ("qcow2", "", False))
        self.assertEqual((options.done(), options.prove_boot), ("copied", False))
        self.assertTrue(self.parse(f"{BASE} --prove-boot").prove_boot)

    def test_both_disks_of_pygrub_are_new(self):
        options = self.parse(TWO)
        self.assertEqual(options.source.boot, f"{self.folder}/boot.raw")
        self.assertEqual([disk.existing for disk in options.disks], [False, False])

    def test_no_machine_is_needed(self):
        with mock.patch.object(hypervisors.emulator, "acceleration") as acceleration:
            self.assertEqual(hypervisors.choose(self.parse(BASE)).accel, "none")
            acceleration.assert_not_called()
            hypervisors.choose(self.parse(f"{BASE} --prove-boot"))
            acceleration.assert_called_once()

    def test_the_settings_name_no_disk(self):
        drive = first_run.key_drive(self.parse(f"{BASE} --set keys-user=bob"))
        self.assertEqual(drive.files["guest-installer.conf"], b"keys-user = bob\n")


class Refusals(WithFolder):
    def test_misuse_is_named(self):
        for text, words in (
            (f"{BASE} --iso a.iso", "--from and --iso exclude each other: a copy is made without"),
            (f"{BASE} --direct", "--from and --direct exclude each other"),
            (f"{BASE} --system /nix/store/x", "--from and --system exclude each other"),
            (f"{BASE} --manifest m", "--from and --manifest exclude each other"),
            (f"{BASE} --cache c", "--from and --cache exclude each other"),
            (f"{BASE} --signing-key k", "--from and --signing-key exclude each other"),
            (f"{BASE} --existing", "--from and --existing exclude each other: the copy is a new"),
            (f"{BASE} --extra-disk d:1G", "--from and --extra-disk exclude each other: the image"),
            (f"{BASE} --network user", "--from and --network user exclude each other"),
            (f"{BASE} --hypervisor libvirt", "--from and --hypervisor libvirt exclude each other"),
            (f"{BASE} --size 4", "--size 4 is too small"),
            (f"{BASE} --from-boot b", "--from-boot and --boot-disk go together"),
            (f"{BASE} --boot-disk b", "--from-boot and --boot-disk go together"),
            (f"{TWO}:64M", "has a size, but with --from it gets that of --from-boot"),
            (f"{TWO} --disk web.qcow2", "both disks have the same format"),
            ("--disk web.raw --iso i --size 1G --key key.pub --from-boot b", "--from-boot needs"),
            ("--from image.raw --key key.pub", "--disk is needed"),
            ("--disk web.raw --from image.raw", "--key is needed"),
        ):
            with self.subTest(text=text), self.assertRaises(Failure) as caught:
                self.parse(text)
            self.assertEqual(caught.exception.code, Code.MISUSE, text)
            self.assertIn(words, caught.exception.sentence)

    def test_a_file_for_an_install_alone_is_no_key(self):
        with open("configuration.nix", "w"):
            pass
        with self.assertRaises(Failure) as caught:
            first_run.key_drive(self.parse(f"{BASE} --key configuration.nix"))
        self.assertIn("--key brings configuration.nix", caught.exception.sentence)

    def test_options_that_are_named_exist(self):
        for name in FOREIGN:
            self.assertIn(name, PROGRAM.options())

    def test_a_host_without_the_program_is_told(self):
        with mock.patch.object(image_copy, "find_installer", lambda: None):
            with self.assertRaises(Failure) as caught:
                image_copy.arguments(self.parse(BASE), ".")
        self.assertEqual(caught.exception.code, Code.EMULATOR)
        self.assertIn("guest-installer, which copies the image", caught.exception.sentence)


class Arguments(WithFolder):
    def words(self, text):
        options = self.parse(text)
        first_run.key_drive(options).write("keys")
        with mock.patch.object(image_copy, "find_installer", lambda: "/program"):
            return " ".join(image_copy.arguments(options, "keys"))

    def test_what_is_asked_for_is_passed_on(self):
        start = f"/program image --from {self.folder}/image.raw --format"
        keys = "--config keys/guest-installer.conf"
        for text, words in (
            (BASE, f"{start} qcow2 {keys} --key keys/key.pub {self.folder}/.web.qcow2.installing"),
            (
                f"{BASE} --size 8G --host-key h --host-key i --file /etc/x=y:0600",
                f"{start} qcow2 {keys} --size 8G --key keys/key.pub --host-key h --host-key i"
                f" --file /etc/x=y:0600 {self.folder}/.web.qcow2.installing",
            ),
            (
                TWO,
                f"{start} raw {keys} --key keys/key.pub --boot-disk {self.folder}/boot.raw"
                f" --boot-output {self.folder}/.web-boot.raw.installing"
                f" {self.folder}/.web.raw.installing",
            ),
            (
                "--disk web.raw --from image.raw --set keys=none",
                f"{start} raw {keys} {self.folder}/.web.raw.installing",
            ),
        ):
            with self.subTest(text):
                self.assertEqual(self.words(text), words)
            shutil.rmtree("keys")


if __name__ == "__main__":
    tap.main()
