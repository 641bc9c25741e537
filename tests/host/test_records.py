#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves what stays of an installation: numbered logs of bounded size, and host keys that are such."""

import base64
import json
import os
import subprocess
import tempfile
import unittest

import tap
from host.protocol import records
from host.protocol.records import Log, known_hosts
from host.protocol.verdict import Result


def key(kind, body=b"\0\0\0\x20" + bytes(32)):
    name = kind.encode()
    blob = len(name).to_bytes(4, "big") + name + body
    return f"{kind} {base64.b64encode(blob).decode()}"


class WithFolder(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.temporary.name, "guest.log")

    def tearDown(self):
        self.temporary.cleanup()

    def log(self, *texts):
        log = Log(self.path)
        for text in texts:
            log.write(text)
        log.close()
        return log

    def read(self, name=""):
        with open(self.path + name, "rb") as file:
            return file.read()


class Logs(WithFolder):
    def test_old_ones_are_numbered_and_the_oldest_goes(self):
        for number in range(9):
            self.log(b"%d" % number)
        self.assertEqual(len(os.listdir(self.temporary.name)), records.OLD_LOGS + 1)
        for number in range(records.OLD_LOGS + 1):
            self.assertEqual(self.read(f".{number}" if number else ""), b"%d" % (8 - number))

    def test_a_gap_in_the_numbers_harms_nothing(self):
        self.log(b"a")
        self.log(b"b")
        os.unlink(self.path)
        self.log(b"c")
        self.assertEqual((self.read(), self.read(".2")), (b"c", b"a"))

    def test_a_guest_cannot_fill_the_hosts_disk_with_words(self):
        before, records.LARGEST_LOG = records.LARGEST_LOG, 1000
        try:
            log = self.log(b"x" * 600, b"y" * 600, b"z" * 600, b"\nthe end\n")
        finally:
            records.LARGEST_LOG = before
        self.assertEqual(self.read(), b"x" * 600 + b"y" * 400)
        self.assertEqual(log.tail(1), "the end")

    def test_the_tail_is_harmless(self):
        log = self.log(b"first\r\n\x1b[31mred\xff\n", b"last")
        self.assertEqual(log.tail(2), "?[31mred?\nlast")

    def test_a_full_disk_is_noticed_and_no_error(self):
        log = Log(self.path)
        os.dup2(os.open("/dev/full", os.O_WRONLY), log._descriptor)
        log.write(b"lost\n")
        self.assertTrue(log.full)
        self.assertEqual(log.tail(), "lost")
        log.close()


class Files(WithFolder):
    def test_a_verdict_is_whole_or_absent(self):
        records.write_verdict(self.path, {"code": 12, "text": "x\x1b"})
        self.assertEqual(json.loads(self.read()), {"format": 1, "code": 12, "text": "x\x1b"})
        self.assertEqual(os.listdir(self.temporary.name), ["guest.log"])


class HostKeys(WithFolder):
    def test_keys_become_lines_that_ssh_understands(self):
        results = [
            Result("ssh-host-key", key("ssh-ed25519")),
            Result("kernel", "/x"),
            Result("ssh-host-key-fingerprint", "ssh-ed25519 SHA256:x"),
        ]
        with open(self.path, "w") as file:
            file.write(known_hosts(results))
        found = subprocess.run(
            ["ssh-keygen", "-F", "[127.0.0.1]:2222", "-f", self.path],
            stdout=subprocess.PIPE,
            check=True,
        )
        self.assertIn(key("ssh-ed25519").encode(), found.stdout)

    def test_what_is_no_key_gets_no_line(self):
        for value in (
            "",
            "ssh-ed25519",
            "ssh-ed25519 ",
            "ssh-ed25519 AAAA",
            key("ssh-ed25519") + " comment",
            key("ssh-ed25519") + "\n* ssh-rsa AAAA",
            "@cert-authority * " + key("ssh-ed25519"),
            key("ssh-ed25519").replace("ssh-ed25519", "ssh-rsa"),
            "ssh-ed25519 ====",
            "ssh-ed25519 " + "A" * 9999,
        ):
            self.assertEqual(known_hosts([Result("ssh-host-key", value)]), "", value[:60])

    def test_their_number_is_bounded(self):
        many = [Result("ssh-host-key", key("ssh-ed25519"))] * 999
        self.assertEqual(known_hosts(many).count("\n"), records.MOST_HOST_KEYS)


if __name__ == "__main__":
    tap.main()
