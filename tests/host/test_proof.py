#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves with a real sshd and a real ext4 what the boot proof accepts, refuses, and writes where."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from types import SimpleNamespace
from unittest.mock import patch

import tap
from host.base.codes import Code, Failure
from host.base.deadline import Deadline
from host.install import proof, proof_disk, proof_login
from host.install.disk import Disk
from host.install.proof import Request, has_banner, prove_boot
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
        for data in (
            b"",
            b"SSH-2.0-OpenSSH",
            b"HTTP/1.0 200\r\n",
            b"x SSH-2.0-x\r\n",
            b"SSH-1.5-x\n",
        ):
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
        text = f'expiry-time="20200101" {one}\nssh-ed25519-cert-v01@openssh.com AAAAIHNz\n'
        self.assertEqual(given_keys([text.encode()]), [GivenKey("ssh-ed25519", blob, True)])


class WithServer(WithFolder):
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


class Logins(WithServer):
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

    def test_a_key_behind_more_refused_ones_than_a_connection_may_ask_for_is_accepted(self):
        taken = self.key("taken")
        many = [self.key(f"k{number}") for number in range(7)]
        client = self.client(self.serve(taken), self.host_key)
        keys = given_keys(f"{line}\n".encode() for line in (*many, taken))
        self.assertEqual(client.refused(keys, Deadline(60)), keys[:-1])

    def test_a_login_whose_command_fails_is_no_login(self):
        port = self.serve(f'command="exit 3" {make_key(self.folder)}')
        with self.assertRaises(Failure) as caught:
            self.client(port, self.host_key).login(Deadline(4))
        self.assertEqual(caught.exception.code, Code.NO_VERDICT)

    def test_a_server_that_is_gone_is_tried_until_the_deadline(self):
        make_key(self.folder)
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            with self.assertRaises(Failure) as caught:
                self.client(closed.getsockname()[1], self.key("host")).login(Deadline(2))
        self.assertEqual(caught.exception.code, Code.NO_VERDICT)

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


class Guest:
    """In place of QEMU with the guest: its SSH port, the console's socket, and whether it runs."""

    def __init__(self, port, ended=False):
        self.channels = {}
        self.channels["console"], self._console = socket.socketpair()
        self._console.send(b"the guest boots\n")
        self._port = port
        self._end, self._runs = os.pipe()
        if ended:
            os.close(self._runs)

    def forwarded_port(self):
        return self._port

    def fileno(self):
        return self._end

    def close(self):
        self.channels["console"].close()
        self._console.close()
        os.close(self._end)


class Boots(WithServer):
    """The whole proof, with a real sshd as the guest's."""

    def setUp(self):
        super().setUp()
        self.disk = Disk(self.path("guest.raw"), "raw", "1G", "gi-1")

    def prove(self, guest, seconds=30, keys=(), logs_in=True, authorized=()):
        """What the proof says of a guest whose authorized_keys has these lines, and the run's own."""

        def make_copy(disk, folder, user, public_key):
            self.assertEqual((disk, user), (self.disk, USER))
            lines = (*authorized, public_key)
            self.write("authorized_keys", "".join(f"{line}\n" for line in lines if line))
            return os.path.join(folder, "disk.raw")

        def start(arguments, channels, run, environment):
            self.arguments, self.temporary = arguments, environment["TMPDIR"]
            return guest

        options = SimpleNamespace(
            beside=lambda kind: self.path(f".{kind}"), disks=[self.disk], machine=None
        )
        request = Request(
            USER, given_keys(f"{key}\n".encode() for key in keys), self.known, seconds, logs_in
        )
        with patch.object(proof, "make_copy", make_copy), patch.object(
            proof, "QemuProcess", start
        ), patch.object(proof.emulator, "machine_arguments", lambda *_: []):
            try:
                return prove_boot(options, request, self.folder, self.path("boot.log"))
            finally:
                self.assertFalse(os.path.exists(self.path(".proof")))

    def fails(self, code, words, guest, **more):
        with self.assertRaises(Failure) as caught:
            self.prove(guest, **more)
        self.assertIn(words, caught.exception.sentence)
        self.assertIn(f"(console: {self.path('boot.log')})", caught.exception.sentence)
        self.assertEqual(caught.exception.code, code)

    def serve(self):
        port = super().serve()
        self.known = f"* {self.host_key}\n"
        return port

    def test_the_proof_is_a_login_and_that_the_given_keys_are_accepted(self):
        port = self.serve()
        taken, other = self.key("taken"), self.key("other")
        far = f'from="192.0.2.1" {self.key("far")}'
        proved = self.prove(Guest(port), keys=(taken, far), authorized=(taken, far))
        self.assertEqual((proved.keys_accepted, proved.keys_restricted), (1, 1))
        self.assertIn("the guest boots", self.read("boot.log"))
        self.assertEqual(self.temporary, self.path(".proof"))
        words = f"does not accept the key ssh-ed25519 …{other.split()[1][-16:]}"
        self.fails(Code.NO_VERDICT, words, Guest(port), keys=(taken, other), authorized=(taken,))

    def test_a_guest_that_refuses_its_owner_or_is_another_is_no_proof(self):
        port = self.serve()
        with patch.object(proof, "make_key", lambda folder: make_key(folder) and ""):
            self.fails(Code.NO_VERDICT, "Permission denied", Guest(port))
        self.known = f"* {self.key('another')}\n"
        self.fails(Code.NO_VERDICT, "Host key verification failed", Guest(port))

    def test_a_guest_without_keys_is_proved_by_its_server_alone(self):
        proved = self.prove(Guest(self.serve()), logs_in=False)
        self.assertEqual((proved.login_seconds, proved.keys_accepted), (0, 0))
        self.assertEqual(self.read("authorized_keys"), "")

    def test_a_guest_that_ends_or_has_no_server_does_not_come_up(self):
        self.known = ""
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            port = silent.getsockname()[1]
            self.fails(Code.NO_VERDICT, "the guest ended", Guest(port, ended=True))
            self.fails(Code.DEADLINE, "no SSH server after 1 s", Guest(port), seconds=1)

    def test_a_server_that_talks_without_end_is_left_and_tried_again(self):
        self.known = ""
        callers = []

        def talk(server):
            while True:
                try:
                    caller, _ = server.accept()
                    callers.append(caller)
                    caller.sendall(b"x\n" * 65536)
                except ConnectionError:
                    pass
                except OSError:
                    return

        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=talk, args=(server,), daemon=True)
            thread.start()
            port = server.getsockname()[1]
            self.fails(Code.DEADLINE, "no SSH server after 3 s", Guest(port), seconds=3)
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
        for caller in callers:
            caller.close()
        self.assertGreater(len(callers), 1)

    def test_the_copy_is_booted_and_the_other_disks_are_only_read(self):
        more = Disk(self.path("more.qcow2"), "qcow2", "1G", "extra1")
        drives = [
            word
            for word in proof.disk_arguments([self.disk, more], "/copy.raw")
            if word.startswith("if=none")
        ]
        self.assertIn("format=raw,cache=unsafe,file=/copy.raw", drives[0])
        self.assertIn(f"format=qcow2,snapshot=on,file={more.working}", drives[1])


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

    def test_a_key_that_was_not_written_is_seen(self):
        disk = self.disk("raw")
        os.mkdir(self.path("proof"))
        os.mkdir(self.path("bin"))
        self.write("bin/debugfs", "#!/bin/sh\necho out of blocks\n")
        os.chmod(self.path("bin/debugfs"), 0o755)
        with patch.dict(os.environ, PATH=f"{self.path('bin')}:{TOOLS}"):
            with self.assertRaises(Failure) as caught:
                proof_disk.make_copy(disk, self.path("proof"), "ann", "ssh-ed25519 BBBB own")
        self.assertIn("a key of its own: out of blocks", caught.exception.sentence)

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
