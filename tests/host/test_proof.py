#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves with a real sshd and a real ext4 what the boot proof accepts, refuses, and writes where."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

import tap
from host.base.codes import Code, Failure
from host.base.deadline import Deadline
from host.install import proof_disk, proof_login
from host.install.disk import Disk
from host.install.proof import has_banner
from host.install.proof_login import Client, GivenKey, given_keys, make_key
from host.run.login import ssh_line

USER = "root"
TOOLS = os.environ["PATH"] + ":/usr/sbin:/sbin"


def run(*command):
    environment = {**os.environ, "PATH": TOOLS}
    done = subprocess.run(command, check=True, capture_output=True, env=environment)
    return done.stdout.decode()


class WithFolder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name, mode="r"):
        with open(self.path(name), mode) as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)

    def key(self, name, kind="ed25519"):
        run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", self.path(name))
        return self.read(f"{name}.pub").strip()


class Texts(WithFolder):
    def test_an_ssh_server_is_known_by_its_version(self):
        self.assertTrue(has_banner(b"some text\r\nSSH-2.0-OpenSSH_9.2\r\n"))
        for data in (b"", b"SSH-2.0-OpenSSH", b"HTTP/1.0 200\r\n", b"x SSH-2.0-x\r\n"):
            self.assertFalse(has_banner(data))

    def test_given_keys_are_those_that_the_server_may_be_asked_for(self):
        one, two = self.key("one"), self.key("two", "ecdsa")
        blob = one.split()[1]
        self.assertEqual(
            given_keys([f"\ufeff{one}\r\n".encode()]), [GivenKey("ssh-ed25519", blob, False)]
        )
        text = f'# {one}\n\nfrom="192.0.2.1" {one}\ncert-authority {two}\n'
        self.assertEqual(given_keys([text.encode()]), [GivenKey("ssh-ed25519", blob, True)])
        self.assertEqual(len(given_keys([f"{one}\n{one}\nno-pty {two}\n".encode()])), 2)


class Logins(WithFolder):
    """A real sshd on the loopback, for this user, with an authorized_keys file of the test."""

    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, proof_login, "GRACE_SECONDS", proof_login.GRACE_SECONDS)
        proof_login.GRACE_SECONDS = 0.01

    def serve(self, *lines):
        self.write("authorized_keys", "".join(f"{line}\n" for line in lines))
        self.host_key = self.key("host")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.write(
            "sshd_config",
            f"ListenAddress 127.0.0.1:{port}\nHostKey {self.path('host')}\nStrictModes no\n"
            f"PidFile none\nUsePAM no\nAuthorizedKeysFile {self.path('authorized_keys')}\n",
        )
        os.makedirs("/run/sshd", exist_ok=True)
        command = [shutil.which("sshd", path=TOOLS), "-D", "-e", "-f", self.path("sshd_config")]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return port
            time.sleep(0.05)
        self.fail("sshd does not listen")

    def client(self, port, host_key):
        words = host_key.split()
        return Client(port, USER, f"* {words[0]} {words[1]}\n", self.folder)

    def test_the_key_of_the_run_logs_in_and_given_keys_are_asked_without_their_secret(self):
        own = make_key(self.folder)
        taken, other = self.key("taken"), self.key("other", "ecdsa")
        many = [self.key(f"k{number}") for number in range(5)]
        port = self.serve(own, taken, *many)
        client = self.client(port, self.host_key)
        client.login(Deadline(30))
        keys = given_keys(f"{line}\n".encode() for line in (taken, other, *many))
        refused = client.refused(keys, Deadline(60))
        self.assertEqual([key.blob for key in refused], [other.split()[1]])

    def test_the_line_that_run_guest_prints_logs_in_with_the_host_keys_in_any_file(self):
        line = make_key(self.folder)
        port = self.serve(line)
        for name in ("a b", "100%h", "it's", "$HOME;x", "c,d:e"):
            path = self.path(f"{name}.known_hosts")
            with open(path, "w") as file:
                file.write(f"* {self.host_key}\n")
            more = f"-F /dev/null -i {self.path('proof-key')} -o IdentitiesOnly=yes"
            more += " -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes"
            command = f"{ssh_line(port, USER, path)} {more} -o BatchMode=yes true"
            with self.subTest(name=name):
                subprocess.run(["sh", "-c", command], check=True, timeout=60)

    def test_a_server_with_another_host_key_is_not_believed(self):
        port = self.serve(make_key(self.folder))
        with self.assertRaises(Failure) as caught:
            self.client(port, self.key("another")).login(Deadline(60))
        self.assertIn("Host key verification failed", caught.exception.sentence)

    def test_a_server_that_refuses_its_owner_is_no_proof(self):
        make_key(self.folder)
        port = self.serve(self.key("another"))
        with self.assertRaises(Failure) as caught:
            self.client(port, self.host_key).login(Deadline(60))
        self.assertEqual(caught.exception.code, Code.NO_VERDICT)
        self.assertIn("does not let its owner in", caught.exception.sentence)
        self.assertIn("Permission denied", caught.exception.sentence)


class Copies(WithFolder):
    def disk(self, format):
        """A disk with an ext4 in the second partition of a GPT."""
        os.makedirs(self.path("tree/etc"))
        os.makedirs(self.path("tree/home/ann/.ssh"))
        self.write(
            "tree/etc/passwd", "root:x:0:0::/root:/bin/sh\nann:x:1000:100::/home/ann:/bin/sh\n"
        )
        self.write("tree/home/ann/.ssh/authorized_keys", "ssh-ed25519 AAAA given")
        run("mke2fs", "-q", "-t", "ext4", "-d", self.path("tree"), self.path("root"), "16M")
        raw = self.path("raw.img")
        with open(raw, "wb") as file:
            file.truncate(32 << 20)
        table = "label: gpt\nstart=2048, size=2048\nstart=4096, size=32768\n"
        environment = {**os.environ, "PATH": TOOLS}
        subprocess.run(["sfdisk", "-q", raw], input=table, text=True, check=True, env=environment)
        run("dd", f"if={self.path('root')}", f"of={raw}", "bs=1M", "seek=2", "conv=notrunc")
        path = self.path("a,b? 100%.disk")
        run("qemu-img", "convert", "-f", "raw", "-O", format, raw, path)
        return Disk(path, format, None, "serial")

    def test_a_key_is_added_to_the_copy_alone(self):
        for format in ("raw", "qcow2"):
            with self.subTest(format=format):
                disk = self.disk(format)
                before = self.read(os.path.basename(disk.path), "rb")
                os.mkdir(self.path("proof"))
                copy = proof_disk.make_copy(disk, self.path("proof"), "ann", "ssh-ed25519 BBBB own")
                self.assertEqual(before, self.read(os.path.basename(disk.path), "rb"))
                at = f"{copy}?offset={4096 * 512}"
                run("e2fsck", "-fn", at)
                path = "/home/ann/.ssh/authorized_keys"
                self.assertEqual(
                    run("debugfs", "-R", f"cat {path}", at),
                    "ssh-ed25519 AAAA given\nssh-ed25519 BBBB own\n",
                )
                status = " ".join(run("debugfs", "-R", f"stat {path}", at).split())
                self.assertIn("Mode: 0600", status)
                self.assertIn("User: 1000 Group: 100", status)
                shutil.rmtree(self.path("proof"))
                shutil.rmtree(self.path("tree"))

    def test_a_disk_without_the_guest_does_not_boot(self):
        blank = self.path("blank.raw")
        with open(blank, "wb") as file:
            file.truncate(4 << 20)
        os.mkdir(self.path("proof"))
        with self.assertRaises(Failure) as caught:
            proof_disk.make_copy(Disk(blank, "raw", None, "s"), self.path("proof"), "root", "k")
        self.assertEqual(caught.exception.code, Code.NO_VERDICT)
        self.assertIn("the installed disk does not boot", caught.exception.sentence)

    def test_a_user_without_a_home_or_keys_is_named(self):
        disk = self.disk("raw")
        for user in ("bob", "root"):
            os.mkdir(self.path("proof"))
            with self.assertRaises(Failure) as caught:
                proof_disk.make_copy(disk, self.path("proof"), user, "ssh-ed25519 BBBB own")
            self.assertIn(f"cannot give {user} a key", caught.exception.sentence)
            shutil.rmtree(self.path("proof"))


if __name__ == "__main__":
    tap.main()
