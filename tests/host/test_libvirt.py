#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves which names, URIs and options first-run takes under libvirt, and what its XML says."""

import contextlib
import dataclasses
import os
import sys
import unittest
import xml.etree.ElementTree as tree

import tap
from host.base.codes import Code, Failure
from host.install.options import parse
from host.libvirt import capabilities, connection, names
from host.libvirt import xen_xml as xen_documents
from host.libvirt import xml as documents
from host.libvirt.owner import Turn
from host.libvirt.xml import Domain, Source
from host.run import domain_options, words

UUID = "6c4f8c3e-0000-4000-8000-000000000001"
DISK = Source("vms", "web.qcow2", "qcow2", "gi-1")
GUEST = Domain("web", UUID, "kvm", 512 << 20, 2, "bios", "network=lan", (DISK,))
ISO = Source("vms", "web.qcow2.installing-iso", "raw")
KEYS = Source("vms", "web.qcow2.installing-keys", "raw")
BASE = "--hypervisor libvirt --disk web.qcow2 --size 4G --iso iso --key key.pub"


def disks(count):
    """Options for this many further disks."""
    return " ".join(f"--extra-disk d{number}:1G" for number in range(count))


class Names(tap.Refusing):
    def test_uris_of_the_drivers_qemu_and_xen_and_aliases_are_taken(self):
        for uri in (
            "qemu:///system",
            "qemu:///session",
            "qemu+ssh://root@host.example:2222/system?keyfile=/k&no_verify=1",
            "qemu+tls://host/system",
            "qemu+unix:///system?socket=/run/x",
            "xen:///system",
            "xen+ssh://host/system",
            "prod-1",
        ):
            self.assertEqual(names.check_uri(uri), uri)

    def test_other_uris_are_refused_with_what_to_do(self):
        for uri, words in (
            ("vbox:///session", "drivers qemu and xen, not vbox"),
            ("xen+smb://host/system", "transports unix, ssh"),
            ("qemu+smb://host/system", "transports unix, ssh"),
            ("qemu:///sys tem", "takes a URI such as qemu:///system"),
            ("qemu:///system\n", "takes a URI"),
            ("/run/libvirt/libvirt-sock", "takes a URI"),
            ("", "takes a URI"),
        ):
            with self.subTest(uri=uri):
                self.refuses(Code.MISUSE, words, lambda: names.check_uri(uri))

    def test_the_uri_says_whether_the_host_is_one_of_xen(self):
        for uri, expected in (
            ("xen:///system", True),
            ("xen+tls://host/system", True),
            ("qemu:///system", False),
            ("xen", False),
        ):
            self.assertEqual(names.is_xen(uri), expected, uri)

    def test_messages_show_no_parameters_of_a_uri(self):
        self.assertEqual(
            names.shown_uri("qemu+ssh://a@h/system?keyfile=/secret"), "qemu+ssh://a@h/system"
        )

    def test_a_volume_is_a_plain_name_that_no_unfinished_one_has(self):
        for name in ("web", "web.qcow2", "a-b_c+d.img", "x" * 200, "web.installing-a", "failed"):
            self.assertEqual(names.check_volume("--disk", name), name)
        for name, words in (
            ("/vm/web.qcow2", "not a path"),
            ("../web", "not a path"),
            ("", "letters, digits"),
            (".web", "letters, digits"),
            ("we b", "letters, digits"),
            ("web\n", "letters, digits"),
            ("x" * 201, "up to 200"),
            ("web.installing", "unfinished"),
            ("web.installing-keys", "unfinished"),
            ("web.installing-1", "unfinished"),
            ("web.publishing", "unfinished"),
            ("web.publishing-0123abcd", "unfinished"),
            ("web.failed", "unfinished"),
        ):
            with self.subTest(name=name):
                self.refuses(Code.MISUSE, words, lambda: names.check_volume("--disk", name))

    def test_the_domain_is_named_like_the_volume_unless_it_is_named(self):
        self.assertEqual(names.domain_name("", "web.qcow2"), "web")
        self.assertEqual(names.domain_name("", "web.v2"), "web.v2")
        self.assertEqual(names.domain_name("shop", "web.qcow2"), "shop")
        self.refuses(Code.MISUSE, "set --name", lambda: names.domain_name("a b", "web.qcow2"))
        self.refuses(Code.MISUSE, "set --name", lambda: names.domain_name("", "x" * 61))

    def test_an_identifier_follows_from_purpose_pool_and_volume(self):
        one = names.identifier("install", UUID, "web")
        self.assertEqual(one, names.identifier("install", UUID, "web"))
        others = {("guest", UUID, "web"), ("install", "x", "web"), ("install", UUID, "we")}
        self.assertEqual(len({one, *(names.identifier(*other) for other in others)}), 4)

    def test_unfinished_volumes_are_named_after_the_guest(self):
        for number, name in ((0, "web.installing"), (1, "web.installing-1")):
            self.assertEqual(names.temporary("web", number), name)
            self.assertTrue(names.is_temporary("web", name))
            self.assertFalse(names.is_temporary("we", name))
        self.assertFalse(names.is_temporary("web", "web.installing-iso"))
        self.assertFalse(names.is_temporary("w.b", "web.installing"))
        suffix = names.owner_suffix("web")
        self.refuses(
            Code.MISUSE, "unfinished", lambda: names.check_volume("--disk", f"data{suffix}")
        )
        self.assertNotEqual(suffix, names.owner_suffix("shop"))

    def test_only_pools_of_files_have_formats(self):
        self.assertEqual(names.volume_format("", "web", "dir"), "qcow2")
        self.assertEqual(names.volume_format("", "web.img", "netfs"), "raw")
        self.assertEqual(names.volume_format("raw", "web", "dir"), "raw")
        self.assertEqual(names.volume_format("", "web", "logical"), "raw")
        self.refuses(
            Code.MISUSE, "raw volumes", lambda: names.volume_format("qcow2", "web", "logical")
        )

    def test_xen_needs_volumes_with_paths(self):
        names.check_pool_has_paths("vms", "dir")
        names.check_pool_has_paths("vms", "logical")
        self.refuses(
            Code.MISUSE, "of the type rbd", lambda: names.check_pool_has_paths("vms", "rbd")
        )


class Documents(tap.Refusing):
    def test_the_installing_domain_ends_when_its_guest_ends_however_that_is(self):
        top = tree.fromstring(documents.install_domain(GUEST, ISO, KEYS))
        for event in ("on_poweroff", "on_reboot", "on_crash"):
            self.assertEqual(top.findtext(event), "destroy")
        self.assertEqual(top.find("devices/disk[boot]").get("device"), "cdrom")
        self.assertEqual(
            top.find("devices/channel/target").attrib,
            {"type": "virtio", "name": "org.guest-installer.0"},
        )

    def test_only_a_disk_that_a_failed_run_removes_is_written_without_flushes(self):
        disks = (dataclasses.replace(DISK, expendable=True), Source("vms", "data", "raw"))
        guest = dataclasses.replace(GUEST, disks=disks)
        top = tree.fromstring(documents.install_domain(guest, ISO, KEYS))
        caches = [driver.get("cache") for driver in top.findall("devices/disk/driver")]
        self.assertEqual(caches, ["unsafe", "writeback", None, None])
        top = tree.fromstring(documents.guest_domain(guest))
        self.assertIsNone(top.find("devices/disk/driver[@cache]"))

    def test_iso_and_keys_are_read_only_and_the_disks_are_not(self):
        top = tree.fromstring(documents.install_domain(GUEST, ISO, KEYS))
        found = {
            disk.find("source").get("volume"): disk.find("readonly") is not None
            for disk in top.findall("devices/disk")
        }
        self.assertEqual(found, {"web.qcow2": False, ISO.volume: True, KEYS.volume: True})

    def test_the_guest_restarts_and_boots_its_first_disk(self):
        disks = (DISK, Source("vms", "data", "raw", "extra1"))
        top = tree.fromstring(documents.guest_domain(dataclasses.replace(GUEST, disks=disks)))
        self.assertEqual(top.findtext("on_reboot"), "restart")
        self.assertEqual(
            [
                (disk.find("target").get("dev"), disk.findtext("serial"), disk.find("boot") is None)
                for disk in top.findall("devices/disk")
            ],
            [("vda", "gi-1", False), ("vdb", "extra1", True)],
        )
        self.assertIsNone(top.find("devices/channel"))

    def test_kind_firmware_and_network_are_those_of_the_options(self):
        top = tree.fromstring(documents.guest_domain(GUEST))
        self.assertEqual(
            (top.get("type"), top.find("cpu").get("mode")), ("kvm", "host-passthrough")
        )
        self.assertEqual(top.find("devices/interface/source").attrib, {"network": "lan"})
        other = dataclasses.replace(GUEST, kind="qemu", firmware="uefi", network="bridge=br0")
        top = tree.fromstring(documents.guest_domain(other))
        self.assertEqual((top.get("type"), top.find("cpu").get("mode")), ("qemu", "maximum"))
        self.assertEqual(top.find("os").get("firmware"), "efi")
        self.assertEqual(top.find("os/firmware/feature").get("enabled"), "no")
        self.assertEqual(top.find("devices/interface/source").attrib, {"bridge": "br0"})
        for network, cards in (("none", 0), ("user", 1)):
            text = documents.guest_domain(dataclasses.replace(GUEST, network=network))
            self.assertEqual(len(tree.fromstring(text).findall("devices/interface")), cards)

    def test_no_value_becomes_an_element(self):
        evil = Source("a'><evil/>", '"/><evil/>', "qcow2", "</serial><evil/>")
        guest = dataclasses.replace(GUEST, name="<evil/>", disks=(evil,))
        for text in (
            documents.guest_domain(guest),
            documents.install_domain(guest, evil, evil),
            documents.volume("<evil/>", '"/><evil/>', 1, True),
        ):
            self.assertIsNone(tree.fromstring(text).find(".//evil"))
        self.assertEqual(
            documents.find_volume(documents.guest_domain(guest)), (evil.pool, evil.volume)
        )

    def test_a_new_volume_takes_no_room_and_is_private(self):
        top = tree.fromstring(documents.volume("web", "qcow2", 1 << 32, True))
        self.assertEqual(
            (top.findtext("capacity"), top.findtext("allocation")), ("4294967296", "0")
        )
        self.assertEqual(top.findtext("target/permissions/mode"), "0600")
        top = tree.fromstring(documents.volume("web", "raw", 1, False))
        self.assertIsNone(top.find("target"))

    def test_what_libvirt_returns_is_read(self):
        text = "<volume><target><format type='qcow2'/></target></volume>"
        self.assertEqual(documents.read_volume_format(text), "qcow2")
        self.assertEqual(documents.read_volume_format("<volume/>"), "raw")
        self.assertEqual(documents.read_pool_type("<pool type='logical'/>"), "logical")
        arch = "<guest><arch name='x86_64'><domain type='qemu'/>{}</arch></guest>"
        for more, has in (("", False), ("<domain type='kvm'/>", True)):
            text = f"<capabilities>{arch.format(more)}</capabilities>"
            self.assertEqual(capabilities.has_domains(text, "kvm"), has)
        other = "<guest><arch name='aarch64'><domain type='kvm'/></arch></guest>"
        self.assertFalse(capabilities.has_domains(f"<capabilities>{other}</capabilities>", "kvm"))
        cpu = "<cpu><model>EPYC</model><feature name='{}'/></cpu>"
        for feature, has in (("svm", True), ("vmx", True), ("hypervisor", False)):
            text = f"<capabilities><host>{cpu.format(feature)}</host></capabilities>"
            self.assertEqual(
                capabilities.host_cpu(text),
                cpu.format(feature).replace("'", '"').replace("/>", " />"),
            )
            self.assertEqual(capabilities.has_virtualisation(cpu.format(feature)), has)
        self.assertEqual(capabilities.host_cpu("<capabilities/>"), "<cpu/>")
        self.assertIsNone(documents.find_volume("<domain/>"))
        self.refuses(
            Code.EMULATOR, "XML that is none", lambda: capabilities.has_domains("<a", "kvm")
        )


class Options(tap.Refusing):
    def setUp(self):
        tap.enter_folder(self)
        os.environ.pop("LIBVIRT_DEFAULT_URI", None)
        for name in ("iso", "key.pub"):
            with open(name, "w"):
                pass

    def parse(self, text):
        return parse(text.split())

    def test_a_volume_has_its_records_in_the_current_folder(self):
        options = self.parse(f"{BASE} --extra-disk data:1G --extra-disk old")
        self.assertEqual([disk.path for disk in options.disks], ["web.qcow2", "data", "old"])
        self.assertEqual([disk.size for disk in options.disks], ["4G", "1G", None])
        self.assertEqual(options.records, os.path.realpath("web.qcow2"))
        self.assertEqual((options.connect, options.pool), ("qemu:///system", "default"))
        self.assertIs(options.prove_boot, False)

    def test_the_environment_names_the_host_unless_it_is_named(self):
        os.environ["LIBVIRT_DEFAULT_URI"] = "qemu+ssh://a/system"
        self.addCleanup(os.environ.pop, "LIBVIRT_DEFAULT_URI", None)
        self.assertEqual(self.parse(BASE).connect, "qemu+ssh://a/system")
        options = self.parse(f"{BASE} --connect qemu:///session --pool vms --start")
        self.assertEqual((options.connect, options.pool), ("qemu:///session", "vms"))
        self.assertEqual((options.start, options.define), (True, False))

    def test_what_does_not_go_together_is_refused(self):
        qemu = BASE.replace("libvirt", "qemu")
        for text, words in (
            (f"{qemu} --connect qemu:///system", "--connect needs --hypervisor libvirt"),
            (f"{qemu} --pool vms", "--pool needs"),
            (f"{qemu} --define", "--define needs"),
            (f"{qemu} --start", "--start needs"),
            (f"{BASE} --prove-boot", "--prove-boot does not work with libvirt"),
            (f"{BASE} --direct", "--direct does not work with libvirt"),
            (f"{BASE} --boot-disk b:1G", "--boot-disk does not work with libvirt"),
            (f"{BASE} --connect xen:///system --network user", "under Xen, not 'user'"),
            (f"{BASE} --connect xen:///system --firmware uefi", "leave --firmware uefi away"),
            (f"{BASE} --connect xen:///system --accel tcg", "leave it away under Xen"),
            (f"{BASE} --pool /vms", "--pool takes"),
            (f"{BASE} --name a/b", "set --name"),
            (f"{BASE} --network tap=t0", "network=NAME"),
            (f"{BASE} --network network=a'b", "network=NAME"),
            (f"{BASE} --format vmdk", "raw or qcow2"),
            (f"{BASE} --size 1M", "too small"),
            (f"{BASE} {disks(25)}", "at most 25 disks here"),
            (f"{BASE} --connect xen:///system {disks(6)}", "at most 6 disks here"),
            (f"{BASE} --extra-disk web.qcow2:1G", "named twice"),
            (f"{BASE} --disk a/web.qcow2", "not a path"),
        ):
            with self.subTest(text=text):
                self.refuses(Code.MISUSE, words, lambda: self.parse(text))

    def test_without_the_python_module_the_sentence_says_how_to_install_it(self):
        before = sys.modules.get("libvirt")
        sys.modules["libvirt"] = None
        try:
            self.refuses(Code.EMULATOR, "install python3-libvirt", connection.load)
        finally:
            del sys.modules["libvirt"]
            if before:
                sys.modules["libvirt"] = before


class XenDocuments(unittest.TestCase):
    disks = (
        Source("vms", "web", "raw", path="/dev/vg/web", is_device=True),
        Source("vms", "data", "qcow2", path="/vms/data"),
    )
    guest = dataclasses.replace(GUEST, kind="xen", network="bridge=xenbr0", disks=disks)
    iso = Source("vms", "iso", "raw", path="/vms/iso")
    keys = Source("vms", "keys", "raw", path="/vms/keys")

    def disks_of(self, text):
        return [
            (
                disk.get("device"),
                disk.get("type"),
                disk.find("source").get("file") or disk.find("source").get("dev"),
                disk.find("target").get("dev"),
                disk.find("readonly") is not None,
            )
            for disk in tree.fromstring(text).findall("devices/disk")
        ]

    def test_the_installing_domain_boots_its_cdrom_and_takes_paths(self):
        text = xen_documents.install_domain(self.guest, self.iso, self.keys)
        top = tree.fromstring(text)
        self.assertEqual((top.get("type"), top.find("os/boot").get("dev")), ("xen", "cdrom"))
        self.assertEqual(top.findtext("on_reboot"), "destroy")
        self.assertEqual(top.findall("devices/channel"), [])
        self.assertEqual(
            self.disks_of(text),
            [
                ("disk", "block", "/dev/vg/web", "xvda", False),
                ("disk", "file", "/vms/data", "xvdb", False),
                ("disk", "file", "/vms/keys", "xvde", False),
                ("cdrom", "file", "/vms/iso", "hdc", True),
            ],
        )

    def test_the_guest_restarts_and_boots_its_first_disk(self):
        text = xen_documents.guest_domain(self.guest)
        top = tree.fromstring(text)
        self.assertEqual(top.find("os/boot").get("dev"), "hd")
        self.assertEqual(top.findtext("on_reboot"), "restart")
        self.assertEqual([disk[3] for disk in self.disks_of(text)], ["xvda", "xvdb"])
        self.assertEqual(top.find("devices/interface/source").attrib, {"bridge": "xenbr0"})

    def test_a_domain_names_its_owner_only_where_it_has_one(self):
        mine = dataclasses.replace(self.guest, owner="here")
        text = xen_documents.install_domain(mine, self.iso, self.keys)
        self.assertEqual(documents.find_owner(text), "here")
        self.assertEqual(documents.find_owner(xen_documents.guest_domain(self.guest)), "")

    def test_one_run_of_this_host_at_a_time_installs_a_guest(self):
        uuid = f"test-{os.getpid()}"
        with contextlib.closing(Turn(uuid)) as first:
            with self.assertRaises(Failure) as caught:
                Turn(uuid)
            self.assertEqual(caught.exception.code, Code.BUSY)
            with contextlib.closing(Turn(f"{uuid}-other")) as other:
                self.assertEqual(other.owner, first.owner)
        Turn(uuid).close()


class RunGuest(tap.Refusing):
    def check(self, text):
        given = words.parse_arguments(text.split())
        self.assertEqual(words.hypervisor(given), "libvirt")
        return domain_options.check(given, "qemu:///system")

    def test_the_domain_and_what_first_run_needs_come_from_the_words(self):
        options = self.check(
            "web.qcow2 --hypervisor libvirt --pool vms --iso i --key a --key b --memory 1G --daemon"
        )
        self.assertEqual((options.volume, options.name, options.pool), ("web.qcow2", "web", "vms"))
        self.assertEqual((options.task, options.installs), ("daemon", True))
        self.assertEqual(
            " ".join(options.install_words), "--iso i --key a --key b --memory 1G --size 4G"
        )
        self.assertFalse(self.check("web --hypervisor libvirt").installs)

    def test_what_only_a_machine_of_our_own_has_is_refused(self):
        for text, sentence in (
            ("web --kernel bzImage", "--kernel does not work with libvirt"),
            ("web --snapshot", "--snapshot does not work with libvirt"),
            ("web --ssh-port 2222", "--ssh-port does not work with libvirt"),
            ("web --status --stop", "exclude each other"),
            ("web --json", "--json needs --status"),
            ("./web", "not a path"),
            ("--status", "a volume is needed"),
            ("web --memory much", "--memory takes"),
        ):
            with self.subTest(text=text):
                self.refuses(
                    Code.MISUSE, sentence, lambda: self.check(f"{text} --hypervisor libvirt")
                )
        for text in ("web --pool vms", "web --name web", "web --connect qemu:///system"):
            given = words.parse_arguments(text.split())
            self.refuses(Code.MISUSE, "needs --hypervisor libvirt", lambda: words.hypervisor(given))


if __name__ == "__main__":
    tap.main()
