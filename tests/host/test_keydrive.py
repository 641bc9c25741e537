#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves what may lie on a key drive and under which name, and how keys are fetched."""

import http.server
import os
import socketserver
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

import tap
from host.install import keydrive
from host.base.codes import Code
from host.install.keydrive import KeyDrive, drive_name, fetch_keys

KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM8bi0MYpWeKuHquuccyqHoXyS817VrxR0G461fKmGUE tester\n"
# Made by ssh-keygen for this file, one with a passphrase.
HOST_KEY = b"""-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACBH1VuXjVnbbhEd7TqIReT4VxQNTg55ySbMD1GnzWcN2gAAAJg/7/dmP+/3
ZgAAAAtzc2gtZWQyNTUxOQAAACBH1VuXjVnbbhEd7TqIReT4VxQNTg55ySbMD1GnzWcN2g
AAAEAuXkn18bpKzQ4kJIBk1kSt/LfXgZ/x2w+w4zjrRCsBw0fVW5eNWdtuER3tOohF5PhX
FA1ODnnJJswPUafNZw3aAAAAEWhvc3Qgb2YgdGhlIHRlc3RzAQIDBA==
-----END OPENSSH PRIVATE KEY-----
"""
LOCKED = b"""-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAG9cNaSX
GeIeCbbnJ62vFmAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIDC+HZIzClBGjuBx
iPnrzcLUzAPlEG+VJstSXtgRv3EuAAAAkIm+PnASoX05tqTHGusI4XlGtzzx4n/Q1p2Sj3
pGvs3GBRmbU7t7SGJzXjJpB/hkIQv7xuqlDeIuRDz5k1MgwkJX/zm2oU3ZoSMJccDGKKbP
bN/jmOqYOx0thznId6F7L0v7vvD3WVri3480/ZuzN3eYpp9hK4jB7vKodp2ISa2hILXoWa
LSakK4O/f6YRm2xw==
-----END OPENSSH PRIVATE KEY-----
"""
PRIVATE = b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3\n"


class WithFolder(tap.Refusing):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = self.temporary.name
        self.drive = KeyDrive()

    def tearDown(self):
        self.temporary.cleanup()

    def file(self, name, data=KEY):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path


class Names(unittest.TestCase):
    def test_names_are_those_that_fat_carries(self):
        for path, name in (
            ("/a/id.pub", "id.pub"),
            ("/a/ID.PUB", "ID.PUB"),
            ("/a/.id.pub", "_id.pub"),
            ("/a/a b\u00e4:.pub", "a_b__.pub"),
            ("/a/Authorized_Keys", "authorized_keys"),
            ("guest-installer.conf", "guest-installer.conf"),
            ("/a/ca.pem", "ca.pem"),
            ("/a/Configuration.nix", "configuration.nix"),
            ("/a/guest.nix", None),
            ("/a/other.pem", None),
            ("/a/id", None),
            ("/a/id.pub.txt", None),
        ):
            self.assertEqual(drive_name(path), name, path)


class Secrets(WithFolder):
    def test_host_keys_get_the_names_that_sshd_expects(self):
        self.drive.add_host_keys([self.file("web.key", HOST_KEY)])
        self.assertEqual(self.drive.secrets, {"ssh_host_ed25519_key": HOST_KEY})
        self.drive.add_host_keys([self.file("SSH_HOST_initrd_KEY", HOST_KEY)])
        self.assertIn("ssh_host_initrd_key", self.drive.secrets)
        other = self.file("ssh_host_ed25519_key", HOST_KEY)
        self.refuses(Code.MISUSE, "two host keys", self.drive.add_host_keys, [other])

    def test_host_keys_that_the_installer_would_refuse_are_refused(self):
        for name, data, words in (
            ("a", LOCKED, "is encrypted with a passphrase"),
            ("a.pub", KEY, "is no private key of OpenSSH"),
            ("a", PRIVATE, "is a private key in PEM form"),
            ("a", b"-----BEGIN RSA PRIVATE KEY-----\n", "is a private key in PEM form"),
            ("a", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "is encrypted"),
            ("a", HOST_KEY[:60] + HOST_KEY[-40:], "is damaged or cut off"),
            ("ssh_host_rsa_key", HOST_KEY, "name its file ssh_host_ed25519_key"),
        ):
            with self.subTest(name=name, words=words):
                path = self.file(name, data)
                self.refuses(Code.MISUSE, words, self.drive.add_host_keys, [path])

    def test_host_keys_are_no_keys_of_users(self):
        for name in ("ssh_host_rsa_key.pub", "SSH_HOST_RSA_KEY"):
            path = self.file(name)
            self.refuses(Code.MISUSE, "is an SSH host key", self.drive.collect, [path])

    def test_files_for_the_guest_get_names_of_their_own_and_a_setting(self):
        first, second = self.file("a:b.pub", b"1"), self.file("secret", b"2")
        self.drive.add_guest_files([f"/etc/x={first}", f"/var/y={second}:0600:17:42"])
        self.assertEqual(self.drive.secrets, {"file-1": b"1", "file-2": b"2"})
        self.assertEqual(
            self.drive.files[keydrive.SETTINGS],
            b"files = /etc/x=drive:file-1 /var/y=drive:file-2:0600:17:42\n",
        )

    def test_a_key_in_the_place_of_its_file_is_refused(self):
        for key in ("ssh-ed25519 AAAAC3Nz/aC1 anna", "/here/ecdsa-sha2-nistp256 AAAAE2Vj"):
            self.refuses(Code.MISUSE, "a key is given as a file", self.drive.collect, [key])
        self.refuses(Code.MISUSE, "No such file", self.drive.collect, ["/nowhere/id.pub"])

    def test_bad_files_for_the_guest_are_refused(self):
        source = self.file("secret", b"2")
        add = self.drive.add_guest_files
        self.refuses(Code.MISUSE, "--file takes TARGET=FILE", add, [source])
        self.refuses(Code.MISUSE, "--file takes TARGET=FILE", add, [f"x={source}"])
        self.refuses(Code.MISUSE, "cannot read the file /nonexistent", add, ["/x=/nonexistent"])
        self.refuses(Code.MISUSE, "more than 8", add, [f"/x={source}"] * 9)
        self.drive.add_settings("files = /a=/b\n")
        self.refuses(Code.MISUSE, "exclude each other", add, [f"/x={source}"])


class Collecting(WithFolder):
    def test_files_and_folders_are_taken(self):
        self.file("dir/a.pub")
        self.file("dir/authorized_keys", b"x\n")
        self.file("dir/.hidden", b"x\n")
        self.drive.collect([os.path.join(self.folder, "dir"), self.file("b.pub")])
        self.assertEqual(sorted(self.drive.files), ["a.pub", "authorized_keys", "b.pub"])

    def test_names_that_fat_takes_for_the_same_are_numbered(self):
        self.drive.collect([self.file("a/id.pub"), self.file("b/ID.pub"), self.file("c/Id.pub")])
        self.assertEqual(sorted(self.drive.files), ["2-ID.pub", "3-Id.pub", "id.pub"])

    def test_two_files_of_which_one_can_be_are_refused(self):
        paths = [self.file("a/authorized_keys"), self.file("b/authorized_keys")]
        self.refuses(Code.MISUSE, "two files", self.drive.collect, paths)

    def test_a_private_key_is_refused_by_name_under_any_name(self):
        for name in ("key", "innocent.pub", "authorized_keys"):
            path = self.file(name, b"# comment\n" + PRIVATE)
            self.refuses(Code.MISUSE, f"{path} is a private key", self.drive.collect, [path])

    def test_what_the_installer_would_refuse_is_refused_at_once_with_its_sentence(self):
        text = KEY.decode()
        blob = text.split()[1]
        for data, words in (
            (text.encode("utf-16"), "is UTF-16 text: save it as UTF-8 or ASCII"),
            (b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n", "RFC 4716 form: convert it with"),
            (b"-----BEGIN PUBLIC KEY-----\nMIIB\n", "is a PEM file and no line of"),
            (b"# mine\n-----BEGIN PUBLIC KEY-----\nMIIB\n", "is a PEM file and no line of"),
            (b"PuTTY-User-Key-File-3: ssh-ed25519\n", "is a private key of PuTTY"),
            (b"ssh-ed25519-cert-v01@openssh.com AAAA x\n", "is a certificate, which SSH servers"),
            (b"ssh-dss AAAAB3NzaC1kc3M= x\n", "is a DSA key (ssh-dss)"),
            (b"ssh-ed25519 AAAAC3NzaC1 x\n", "cut off or is not base64"),
            (f"ssh-ed25519 {blob[:9]}!{blob[9:]} x\n".encode(), "cut off or is not base64"),
            (b"ssh-dss AAAA x\nssh-ed25519 AAA x\n", "line 1 of "),
            (KEY * 3000, "is larger than 256 KiB"),
            (f"ssh-rsa {blob} x\n".encode(), "another type than the ssh-rsa it says"),
            (KEY + b"\0\n", "has control characters"),
        ):
            with self.subTest(words=words):
                path = self.file("bad.pub", data)
                self.refuses(Code.MISUSE, words, KeyDrive().collect, [path])
                self.refuses(Code.MISUSE, path, KeyDrive().collect, [path])

    def test_one_good_line_is_enough(self):
        for line in (b"ssh-dss AAAAB3NzaC1kc3M= x\n", b"ssh-ed25519-cert-v01@openssh.com AAAA x\n"):
            KeyDrive().collect([self.file("authorized_keys", line + KEY)])
        KeyDrive().collect([self.file("bom.pub", b"\xef\xbb\xbf" + KEY.replace(b"\n", b"\r\n"))])
        KeyDrive().collect(
            [self.file("new.pub", b"ssh-new@example.org AAAAE3NzaC1uZXdAZXhhbXBsZS5vcmc=\n")]
        )

    def test_other_files_and_nothing_at_all_are_refused(self):
        for path, words in (
            (self.file("notes.txt"), "notes.txt"),
            (os.path.join(self.folder, "absent.pub"), "absent.pub"),
            (self.file("empty.pub", b"# nothing\n\n"), "no key"),
            ("/dev/zero", "/dev/zero"),
        ):
            self.refuses(Code.MISUSE, words, KeyDrive().collect, [path])

    def test_a_pipe_does_not_hold_us(self):
        path = os.path.join(self.folder, "pipe.pub")
        os.mkfifo(path)
        self.refuses(Code.MISUSE, "no regular file", self.drive.collect, [path])

    def test_settings_follow_those_of_a_file(self):
        self.drive.collect([self.file("guest-installer.conf", b"a = b")])
        self.drive.add_settings("c = d\n")
        self.drive.write(os.path.join(self.folder, "out"))
        with open(os.path.join(self.folder, "out", "guest-installer.conf"), "rb") as file:
            self.assertEqual(file.read(), b"a = b\nc = d\n")

    def test_too_much_for_the_drive_is_no_room(self):
        out = os.path.join(self.folder, "out")
        drive = KeyDrive()
        drive.collect([self.file("configuration.nix", b"#" * 2900000), self.file("a.pub")])
        self.refuses(Code.NO_ROOM, "2.88 MB", drive.write, out)
        drive = KeyDrive()
        drive.collect([self.file(f"many/{number}.pub") for number in range(200)])
        self.refuses(Code.NO_ROOM, "2.88 MB", drive.write, out)
        self.assertFalse(os.path.exists(out))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answers = {"/key": KEY, "/private": PRIVATE, "/page": b"<html>", "/large": KEY * 9999}
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        elif self.path == "/near":
            self.send_response(302)
            self.send_header("Location", "/key")
            self.end_headers()
        elif self.path == "/slow":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
            while not self.server.done.wait(0.05):
                self.wfile.write(b"#")
        elif self.path in answers:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers[self.path])
        else:
            self.send_error(404)

    def log_message(self, *_arguments):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


class Fetching(WithFolder):
    def setUp(self):
        super().setUp()
        os.environ["no_proxy"] = "127.0.0.1"
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.done = threading.Event()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def tearDown(self):
        self.server.done.set()
        self.server.shutdown()
        self.server.server_close()
        super().tearDown()

    def test_keys_come_from_a_server_and_from_a_file(self):
        for url in (f"{self.url}/key", f"{self.url}/near", f"file://{self.file('key')}"):
            self.assertEqual(fetch_keys(url), KEY)
        self.drive.collect([f"{self.url}/key", f"{self.url}/key"])
        self.assertEqual(sorted(self.drive.files), ["2-fetched.pub", "fetched.pub"])

    def test_what_is_no_key_is_refused_with_its_url(self):
        for path, words in (
            ("/absent", "404"),
            ("/page", "no list of public SSH keys"),
            ("/private", "private key"),
            ("/large", "larger than"),
            ("/away", "Redirection"),
        ):
            self.refuses(Code.MISUSE, words, fetch_keys, self.url + path)
            self.refuses(Code.MISUSE, self.url + path, fetch_keys, self.url + path)

    def test_an_open_connection_never_follows_an_encrypted_one(self):
        request = urllib.request.Request("https://example.org/key")
        handler = keydrive._SameTrust()
        with self.assertRaises(urllib.error.URLError):
            handler.redirect_request(request, None, 302, "", {}, "http://example.org/key")
        again = handler.redirect_request(request, None, 302, "", {}, "https://example.org/new")
        self.assertEqual(again.full_url, "https://example.org/new")

    def test_a_server_that_trickles_is_given_up(self):
        self.refuses(Code.MISUSE, "no answer in 0.5 s", fetch_keys, f"{self.url}/slow", 0.5)

    def test_nobody_there_is_a_sentence(self):
        self.refuses(Code.MISUSE, "http://127.0.0.1:1/", fetch_keys, "http://a:secret@127.0.0.1:1/")


if __name__ == "__main__":
    tap.main()
