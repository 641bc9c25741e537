#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves which option of first-run is named after a refusal."""

import unittest

import tap
from host.install.table import PROGRAM
from host.protocol.hints import hint


class Hints(unittest.TestCase):
    def test_each_refusal_has_the_option_that_helps(self):
        for code, sentence, option in (
            (2, "plan: This machine was started by BIOS, but the guest boots by UEFI only", "uefi"),
            (2, "plan: This machine was started by UEFI, but the guest boots by BIOS only", "bios"),
            (11, "target: Several disks are blank", "--set KEY=VALUE"),
            (12, "target: vda holds an ext4 file system", "--set KEY=VALUE"),
            (13, "target: This machine is already installed", "--existing"),
            (14, "target: vda is too small, 1.5 GiB are needed", "--size"),
            (14, "start: Too little memory: give it 512 MiB.", "--memory"),
            (42, "network: the machine has no network card", "--network user"),
        ):
            with self.subTest(sentence):
                self.assertIn(option, hint(code, sentence))

    def test_other_refusals_have_none(self):
        for code in (1, 2, 20, 31, 40, 41, 42, 80, 85):
            self.assertEqual(hint(code, "anything"), "")

    def test_options_that_are_named_exist(self):
        for name in ("set", "size", "memory", "network", "existing", "firmware"):
            self.assertIn(name, PROGRAM.options())


if __name__ == "__main__":
    tap.main()
