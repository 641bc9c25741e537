#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that settings and keys which the installer would refuse are refused by its program, on the host."""

from unittest import mock

import tap
from host.base.codes import Code
from host.install import settings_check

KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh a\n"


class Checks(tap.Refusing):
    def test_settings_are_those_that_the_program_takes(self):
        settings_check.check_settings([])
        settings_check.check_settings([("wipe", "force"), ("keys", "none")])
        check = settings_check.check_settings
        self.refuses(Code.MISUSE, '--set: there is no key "foo"', check, [("foo", "bar")])
        self.refuses(Code.MISUSE, '"wipe" was probably meant', check, [("wpie", "force")])
        self.refuses(Code.MISUSE, 'disk cannot be "vda"', check, [("disk", "vda")])

    def test_the_files_of_a_drive_are_those_that_the_installer_takes(self):
        check = settings_check.check_drive
        check({"ssh.pub": KEY, "guest-installer.conf": b"swap = 1G\n", "file-1": b"\0"})
        conf = {"ssh.pub": KEY, "guest-installer.conf": b"swap = 1G\nswap = 2G\n"}
        self.refuses(Code.MISUSE, "guest-installer.conf:2: swap is set a second time", check, conf)
        bad = {"ssh.pub": b"nonsense\n"}
        self.refuses(settings_check.NO_KEY, "line 1 of ssh.pub has no key type", check, bad)

    def test_a_host_without_the_program_refuses_nothing(self):
        with mock.patch.object(settings_check, "find_installer", return_value=None):
            settings_check.check_settings([("foo", "bar")])
            settings_check.check_drive({"ssh.pub": b"nonsense\n"})


if __name__ == "__main__":
    tap.main()
