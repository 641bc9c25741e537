#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves the format of what is embedded in an ISO, the boot menus, what show hides, and netboot words."""

import argparse
import hashlib
import io
import os
import subprocess
import unittest
import unittest.mock

import tap
from host import iso
from host.base.codes import Code, Failure
from host.embed import closure_image, extract, menus, show
from host.embed.customize import collect, mode_of
from host.embed.image import Image, patched
from host.protocol import area
from host.protocol.area import Description, Embedded

KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM8bi0MYpWeKuHquuccyqHoXyS817VrxR0G461fKmGUE tester\n"
WHOLE = Description(4096, "ab" * 32, ((2048, b"\0\xff"),), (4096, 2048), "console=ttyS1")
COMMENTS = (b"#" * 63 + b"\n") * 4
ISOLINUX = b"LABEL install\n  APPEND console=tty0 console=ttyS0,115200 quiet\n" + COMMENTS
GRUB = b"if linux /boot/vmlinuz console=tty0 console=ttyS0,115200 quiet; then\nfi\n" + COMMENTS
MENUS = {menus.ISOLINUX: ISOLINUX, menus.GRUB: GRUB}
ROOMY = {path: text + COMMENTS for path, text in MENUS.items()}


class Area(tap.Refusing):
    def test_what_was_embedded_is_found_again(self):
        files = {"a.pub": KEY, "empty": b"", "odd": b"12345"}
        data = area.encode(Embedded(files, WHOLE), 8192)
        self.assertEqual(len(data), 8192)
        self.assertEqual(area.decode(data), Embedded(files, WHOLE))

    def test_zeroes_are_nothing(self):
        self.assertIsNone(area.decode(bytes(4096)))

    def test_cpio_reads_the_archive(self):
        archive = area.pack({"a.pub": KEY, "b": b"12345"})
        folder = tap.enter_folder(self)
        subprocess.run(["cpio", "-id", "--quiet"], input=archive, check=True)
        with open(os.path.join(folder, "a.pub"), "rb") as file:
            self.assertEqual(file.read(), KEY)
        self.assertEqual(os.stat("b").st_size, 5)
        self.assertEqual(os.stat("b").st_mode & 0o777, 0o600)

    def test_every_damaged_byte_is_found(self):
        data = area.encode(Embedded({"a.pub": KEY}, WHOLE), 2048)
        end = len(data.rstrip(b"\0"))
        for position in range(end):
            changed = bytearray(data)
            changed[position] ^= 0x40
            with self.subTest(position):
                self.refuses(Code.MISUSE, "damaged", area.decode, bytes(changed))

    def test_what_does_not_fit_is_refused(self):
        large = Embedded({"a": bytes(4096)}, WHOLE)
        self.refuses(Code.NO_ROOM, "the ISO has 4096 for it", area.encode, large, 4096)

    def test_descriptions_of_another_form_are_refused(self):
        for text in (b"", b"[]", b"{}", WHOLE.text().replace(b"restore", b"x")):
            archive = area.pack({area.DESCRIPTION: text})
            head = f"guest-installer embedded 1\nsha256 {hashlib.sha256(archive).hexdigest()}\n"
            head += f"size {len(archive)}\n"
            data = head.encode().ljust(512, b"\0") + archive
            self.refuses(Code.MISUSE, "is no description", area.decode, data)


class Menus(tap.Refusing):
    def test_arguments_stand_behind_the_command_line_and_no_size_changes(self):
        changed = menus.add_arguments(MENUS, "debug a=b")
        self.assertIn(b"ttyS0,115200 quiet debug a=b\n", changed[menus.ISOLINUX])
        self.assertIn(b"ttyS0,115200 quiet debug a=b; then\n", changed[menus.GRUB])
        for path, text in changed.items():
            self.assertEqual(len(text), len(MENUS[path]))
            self.assertRegex(text.decode(), r"\n#*\n(#{63}\n){3}\Z")

    def test_the_menu_of_grub_alone_gets_the_arguments(self):
        changed = menus.add_arguments({menus.GRUB: GRUB}, "debug a=b")
        self.assertEqual(changed, {menus.GRUB: menus.add_arguments(MENUS, "debug a=b")[menus.GRUB]})
        with self.assertRaises(Failure) as caught:
            menus.add_arguments({menus.GRUB: COMMENTS}, "a")
        self.assertIn("one line linux", caught.exception.sentence)

    def test_a_console_replaces_that_of_its_driver(self):
        table = (
            ("console=ttyS1", "console=tty0 quiet console=ttyS1"),
            ("console=hvc0", "console=tty0 console=ttyS0 quiet console=hvc0"),
            ("console=tty1", "console=ttyS0 quiet console=tty1"),
        )
        for arguments, expected in table:
            found = menus.join("console=tty0 console=ttyS0 quiet", arguments)
            self.assertEqual(found, expected)

    def test_a_shorter_command_line_leaves_more_comments(self):
        changed = menus.add_arguments(MENUS, "console=ttyS1")[menus.ISOLINUX]
        self.assertEqual(len(changed), len(ISOLINUX))
        self.assertTrue(changed.endswith(COMMENTS))

    def test_what_boot_loaders_read_differently_is_refused(self):
        for text in ('a="b c"', "a'b", "a\\b", "$a", "a;b", "a{b", "a\nb=\x01", "ä", "a&b"):
            self.refuses(Code.MISUSE, "--kernel-args takes", menus.parse_arguments, [text])
        self.assertEqual(menus.parse_arguments(["a=b  c", "d"]), "a=b c d")

    def test_too_long_arguments_and_menus_without_space_are_refused(self):
        self.refuses(Code.NO_ROOM, "longer than the space", menus.add_arguments, MENUS, "a" * 300)
        bare = {menus.ISOLINUX: ISOLINUX, menus.GRUB: GRUB[: -len(COMMENTS)]}
        self.refuses(Code.MISUSE, "no space for kernel arguments", menus.add_arguments, bare, "a")
        self.refuses(
            Code.MISUSE, "one line APPEND", menus.add_arguments, {menus.ISOLINUX: COMMENTS}, "a"
        )

    def test_the_menus_promise_what_is_embedded(self):
        data = area.encode(Embedded({"a.pub": KEY}, WHOLE))
        total = hashlib.sha256(data[area.HEADER_BYTES :]).hexdigest()
        self.assertEqual(menus.words("a b", data), f"a b guest-installer.embedded={total}")
        self.assertEqual(menus.words("", data), f"guest-installer.embedded={total}")
        self.assertEqual(menus.words("a b", None), "a b")
        promised = menus.add_arguments(ROOMY, menus.words("", data))[menus.GRUB].decode()
        self.assertIn(f"quiet guest-installer.embedded={total}; then\n", promised)

    def test_a_netboot_has_no_promise_of_the_iso(self):
        line = "quiet guest-installer.embedded=00 a=b"
        self.assertEqual(menus.without_promise(line), "quiet a=b")

    def test_menus_without_comments_have_no_space(self):
        self.assertTrue(menus.have_space(MENUS.values()))
        self.assertFalse(menus.have_space([ISOLINUX, GRUB[: -len(COMMENTS)]]))


class Showing(unittest.TestCase):
    def test_secrets_are_not_shown(self):
        files = {
            "me.pub": KEY,
            "guest-installer.conf": b"report-url = https://me:word@host/\nreport-token=word\n",
            "ssh_host_ed25519_key": b"PRIVATE",
            "netrc": b"machine a password word\n",
            "file-1": b"word",
        }
        text = show.describe(Embedded(files, WHOLE))
        self.assertNotIn("word", text)
        self.assertNotIn("PRIVATE", text)
        self.assertIn("  report-url = https://***@host/\n", text)
        self.assertIn("  report-token= ***\n", text)
        self.assertIn(KEY.decode(), text)
        self.assertIn("netrc: 24 bytes, secret\n", text)
        self.assertIn("kernel-args: console=ttyS1\n", text)

    def test_no_text_changes_the_terminal(self):
        text = show.describe(Embedded({"a.pub": b"\x1b[2J\x9b1m"}, WHOLE))
        self.assertNotRegex(text, "[\x00-\x08\x0b-\x1f\x7f-\x9f]")

    def test_files_with_secrets_are_their_owners(self):
        self.assertEqual(mode_of({"me.pub": KEY, "ca.pem": b""}), 0o644)
        for name in ("ssh_host_rsa_key", "file-1", "netrc"):
            self.assertEqual(mode_of({"me.pub": KEY, name: b""}), 0o600)
        for text in (b"cache = https://a:b@c/", b"report-token = word"):
            self.assertEqual(mode_of({"guest-installer.conf": text}), 0o600)
        self.assertEqual(mode_of({}, "guest-installer.cache=https://a:b@c/"), 0o600)
        self.assertEqual(mode_of({}, "console=ttyS1"), 0o644)


class Files(tap.Refusing):
    def given(self, **values):
        names = {"key": [], "host_key": [], "file": [], **values}
        return argparse.Namespace(**names)

    def test_settings_need_no_key(self):
        drive = collect(self.given(), (("swap", "1G"),))
        self.assertEqual(drive.files, {"guest-installer.conf": b"swap = 1G\n"})

    def test_patches_count_where_they_overlap_a_piece(self):
        piece = patched(b"01234567", 100, [(98, b"abcd"), (106, b"xyz"), (50, b"n"), (108, b"n")])
        self.assertEqual(piece, b"cd2345xy")

    def test_what_is_no_iso_is_refused(self):
        tap.enter_folder(self)
        for name, data in (("empty", b""), ("zeroes", bytes(40000))):
            with open(name, "wb") as file:
                file.write(data)
            self.refuses(Code.MISUSE, "is no ISO 9660 image", Image, name)
        self.refuses(Code.MISUSE, "cannot read", Image, "absent")

    def test_a_manifest_and_its_cache_go_together(self):
        for manifest, cache in (("m", ""), ("", "c")):
            self.refuses(
                Code.MISUSE, "needs", closure_image.parse_request, "", manifest, cache, "", {}
            )
        self.assertIsNone(closure_image.parse_request("", "", "", "", {}))


class Netboot(tap.Refusing):
    def test_the_manifest_is_that_of_the_settings(self):
        table = (
            ("", "guest.json"),
            ("manifest = file:///medium/guest-bios.json\n", "guest-bios.json"),
            ("manifest = file:///run/guest-installer/appended/guest.json\n", "guest.json"),
            ("  manifest = https://host/guest.json # far\n", None),
        )
        for text, expected in table:
            self.assertEqual(extract.manifest_name(extract.read_settings(text)), expected)

    def test_the_initramfs_has_no_settings_of_the_medium(self):
        files = {
            "guest-installer.conf": b"swap = 1G\ncache = file:///run/guest-installer/appended/cache\n",
            "a.pub": KEY,
        }
        found = area.decode(extract.initramfs_area(Embedded(files, WHOLE)))
        self.assertEqual(found.files["guest-installer.conf"], b"swap = 1G\n")
        self.assertEqual(found.files["a.pub"], KEY)
        self.assertIsNone(found.description.appended)

    def test_the_script_has_the_url_or_a_placeholder(self):
        text = extract.ipxe_script("http://h:1/x", "quiet")
        self.assertIn("set base http://h:1/x\n", text)
        self.assertIn("kernel ${base}/vmlinuz initrd=initrd.img quiet\n", text)
        self.assertIn("Write here", extract.ipxe_script(extract.PLACEHOLDER, ""))

    def test_urls_of_other_kinds_are_refused(self):
        for url in (
            "tftp://host/",
            "http://",
            "host",
            "http://u:p@host/",
            "http://h/a b",
            "http://h/\n",
        ):
            self.refuses(Code.MISUSE, "--url takes", extract.extract, "iso", "folder", url)


class Commands(unittest.TestCase):
    def test_misuse_is_told(self):
        table = (
            ([], "the first word is"),
            (["show"], "the form of the command"),
            (["show", "a", "b"], "the form of the command"),
            (["reset", "a", "b", "--set", "x=y"], "reset has no use for --set"),
            (["customize", "a", "b", "--url", "http://h"], "customize has no use for --url"),
            (["extract", "a", "b", "--force"], "extract has no use for --force"),
            (["customize", "a", "/"], "/ exists already"),
        )
        for arguments, words in table:
            messages = io.StringIO()
            with self.subTest(arguments), unittest.mock.patch("sys.stderr", messages):
                self.assertEqual(iso.main(arguments), Code.MISUSE)
            self.assertIn(words, messages.getvalue())


if __name__ == "__main__":
    tap.main()
