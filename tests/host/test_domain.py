#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves what Xen's domain files say, and that no value can say anything else in them."""

import dataclasses
import unittest

import tap
from host import xen_domain
from host.xen import domain
from host.base.codes import Code
from host.xen.domain import Boot, Domain

GUEST = Domain("guest", ("/vm/boot.img", "/dev/vg/root"))
BOOT = Boot("/vm/kernel", "/vm/initrd", "init=/nix/store/x/init console=hvc0")


def read(text):
    """The file as xl reads it: its syntax for strings, numbers and lists is Python's, too."""
    values = {}
    exec(text, {}, values)
    return values


class Files(unittest.TestCase):
    def test_the_installing_domain_ends_when_its_guest_ends_however_that_is(self):
        file = read(domain.install_domain(GUEST, "/vm/cd.iso", "/vm/keys.img", "file:/vm/log"))
        for event in ("on_poweroff", "on_reboot", "on_crash"):
            self.assertEqual(file[event], "destroy")
        self.assertEqual((file["type"], file["boot"]), ("hvm", "dc"))
        self.assertEqual(file["serial"], "file:/vm/log")
        self.assertNotIn("kernel", file)

    def test_the_installing_domain_has_the_iso_as_cdrom_and_the_keys_read_only(self):
        file = read(domain.install_domain(GUEST, "/vm/cd.iso", "/vm/keys.img", "file:/vm/log"))
        self.assertEqual(
            file["disk"],
            [
                "format=raw,vdev=xvda,access=rw,target=/vm/boot.img",
                "format=raw,vdev=xvdb,access=rw,target=/dev/vg/root",
                "format=raw,vdev=xvdc,access=ro,devtype=cdrom,backendtype=qdisk,target=/vm/cd.iso",
                "format=raw,vdev=xvde,access=ro,target=/vm/keys.img",
            ],
        )

    def test_the_guest_has_its_disks_under_the_same_names_in_every_domain(self):
        guest = Domain("guest", tuple(f"/vm/{number}.img" for number in range(5)))
        disks = read(domain.pygrub_domain(guest))["disk"]
        installing = read(domain.install_domain(guest, "/vm/cd.iso", None, "null"))["disk"]
        self.assertEqual(disks, read(domain.direct_domain(guest, BOOT))["disk"])
        self.assertEqual(disks, installing[:-1])
        self.assertEqual(len({disk.split(",")[1] for disk in installing}), 6)

    def test_the_installing_domain_may_be_given_its_kernel(self):
        file = read(domain.install_domain(GUEST, "/vm/cd.iso", None, "null", BOOT))
        self.assertEqual((file["kernel"], file["ramdisk"]), (BOOT.kernel, BOOT.ramdisk))

    def test_the_running_domains_are_paravirtualised_and_restart(self):
        pygrub, direct = domain.pygrub_domain(GUEST), domain.direct_domain(GUEST, BOOT)
        for file in (read(pygrub), read(direct)):
            self.assertEqual((file["type"], file["on_reboot"]), ("pv", "restart"))
            self.assertEqual((file["memory"], file["vcpus"]), (512, 1))
            self.assertNotIn("vif", file)
        self.assertEqual(read(pygrub)["bootloader"], "pygrub")
        self.assertEqual(read(direct)["cmdline"], BOOT.command_line)

    def test_a_bridge_makes_a_network_card(self):
        guest = dataclasses.replace(GUEST, bridge="xenbr0", mac="00:16:3e:00:00:01")
        self.assertEqual(
            read(domain.pygrub_domain(guest))["vif"], ["bridge=xenbr0,mac=00:16:3e:00:00:01"]
        )

    def test_a_disk_may_have_commas_and_letters_of_all_languages_in_its_name(self):
        guest = Domain("guest", ("/vm/a,vdev=xvdz ü.img",))
        self.assertEqual(
            read(domain.pygrub_domain(guest))["disk"],
            ["format=raw,vdev=xvda,access=rw,target=/vm/a,vdev=xvdz ü.img"],
        )


class Refusals(tap.Refusing):
    def refuse(self, words, make):
        self.refuses(Code.MISUSE, words, make)

    def test_what_could_end_a_string_is_refused_wherever_it_stands(self):
        for sign in ("'", '"', "\\", "\n", "\0", "\x7f", "\u2028", "\udc80"):
            with self.subTest(sign=sign):
                value = f"/vm/a{sign}b"
                disks = Domain("guest", (value,))
                for make in (
                    lambda: domain.pygrub_domain(disks),
                    lambda: domain.install_domain(GUEST, value, None, "null"),
                    lambda: domain.install_domain(GUEST, "/vm/cd.iso", value, "null"),
                    lambda: domain.install_domain(GUEST, "/vm/cd.iso", None, value),
                    lambda: domain.direct_domain(GUEST, Boot(value, "/i", "")),
                    lambda: domain.direct_domain(GUEST, Boot("/k", value, "")),
                    lambda: domain.direct_domain(GUEST, Boot("/k", "/i", value)),
                ):
                    self.refuse("no place in a domain file", make)

    def test_a_guest_that_no_domain_can_be_is_refused(self):
        for words, changes in (
            ("name", {"name": ""}),
            ("name", {"name": "17"}),
            ("name", {"name": "a b"}),
            ("name", {"name": 'a"b'}),
            ("name", {"name": "a" * 64}),
            ("needs a disk", {"disks": ()}),
            ("at most", {"disks": tuple(f"/{n}" for n in range(7))}),
            ("named twice", {"disks": ("/a", "/a")}),
            ("whole path", {"disks": ("a.img",)}),
            ("memory", {"memory": 32}),
            ("bridge", {"bridge": "a,script=/bin/sh"}),
            ("needs a bridge", {"mac": "00:16:3e:00:00:01"}),
            ("six bytes", {"bridge": "br0", "mac": "00:16:3e:00:00"}),
            ("six bytes", {"bridge": "br0", "mac": "00:16:3e:00:00:01,script=x"}),
            ("no single card", {"bridge": "br0", "mac": "01:16:3e:00:00:01"}),
            ("no single card", {"bridge": "br0", "mac": "FF:FF:FF:FF:FF:FF"}),
            ("no single card", {"bridge": "br0", "mac": "00:00:00:00:00:00"}),
        ):
            with self.subTest(changes=changes):
                guest = dataclasses.replace(GUEST, **changes)
                self.refuse(words, lambda: domain.pygrub_domain(guest))

    def test_disks_are_devices_images_or_paths(self):
        for text, path in (
            ("phy:/dev/vg/root", "/dev/vg/root"),
            ("phy:vg/root", "/dev/vg/root"),
            ("file:/vm/a:b.img", "/vm/a:b.img"),
            ("/vm/a:b.img", "/vm/a:b.img"),
            ("/vm/../vm//a.img", "/vm/a.img"),
            ("/vm/a,b.img", "/vm/a,b.img"),
            ("/vm/a,sda.img", "/vm/a,sda.img"),
            ("/vm/sda", "/vm/sda"),
        ):
            with self.subTest(text=text):
                self.assertEqual(domain.parse_disk(text), path)
        self.refuse("below /dev", lambda: domain.parse_disk("phy:/vm/a.img"))
        self.refuse("below /dev", lambda: domain.parse_disk("phy:../vm/a.img"))
        self.refuse("without ',xvda,w'", lambda: domain.parse_disk("phy:/dev/vg0/boot,xvda,w"))
        # What xl reads from these, libxlutil's xlu_disk_parse says.
        for text, words in (
            ("/dev/vg0/boot,,xvda", "without ',xvda'"),
            ("/dev/vg0/boot,raw,xvda,rw", "without ',xvda,rw'"),
            ("/vm/a.img, xvda, w", "without ', xvda, w'"),
            ("/vm/a.img,raw,hda", "without ',hda'"),
            ("/vm/a.img,xvda1,w!", "without ',xvda1,w!'"),
            ("/vm/cd.iso,,hdc,cdrom", "without ',hdc,cdrom'"),
            ("file:/vm/cd.iso,hdc:cdrom,r", "without ',hdc:cdrom,r'"),
            ("format=raw,vdev=xvda,access=rw,target=/vm/a.img", "a disk is"),
            ("target=/vm/a.img", "a disk is"),
            ("tap:aio:/vm/a.img", "a disk is"),
            ("qcow2:/vm/a", "a disk is"),
            ("raw:/vm/a.img", "a disk is"),
            ("/vm/a.qcow2", "qemu-img convert -O raw"),
            ("file:/vm/a.VMDK", "qemu-img convert -O raw"),
        ):
            with self.subTest(text=text):
                self.refuse(words, lambda text=text: domain.parse_disk(text))
        self.refuse("a disk is", lambda: domain.parse_disk("file:"))
        self.refuse("a disk is", lambda: domain.parse_disk(""))

    def test_memory_is_whole_mebibytes(self):
        self.assertEqual(domain.parse_memory("1G"), 1024)
        self.refuse("whole MiB", lambda: domain.parse_memory("1000K"))
        self.refuse("did you mean 1024M?", lambda: domain.parse_memory("1024"))


class Tool(tap.Refusing):
    """What xen-domain itself refuses of its options."""

    def refuse(self, words, *arguments):
        self.refuses(
            Code.MISUSE, words, lambda: xen_domain.domain_file(xen_domain._parse(arguments))
        )

    def test_the_log_is_that_of_a_successful_install(self):
        tap.enter_folder(self)
        result = "INSTALL_RESULT kernel=/k\nINSTALL_RESULT initrd=/i\nINSTALL_RESULT cmdline=c\n"
        for end in ("", "INSTALL_FAILED code=41 stage=verify it would not start\n"):
            with open("log", "w") as file:
                file.write(result + end)
            words = "--name g --disk g.img --installed log --out g.xl".split()
            self.refuse("does not end with INSTALL_SUCCESSFUL", "direct", *words)

    def test_a_file_of_keys_is_no_drive(self):
        words = "--name g --disk g.img --iso a.iso --keys id.pub".split()
        self.refuse("make-key-drive makes one of it", "install", *words)


if __name__ == "__main__":
    tap.main()
