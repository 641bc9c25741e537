#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves what first-run makes of its options under Xen, and which it refuses there."""

import os
import subprocess
import tempfile
import unittest

import tap
from host.install import qemu_machine
from host.xen import xen_machine
from host.install.options import parse
from host.base.codes import Code, Failure
from host.protocol.verdict import Result

BASE = "--hypervisor xen --disk guest.img --size 4G --iso iso --key key.pub"


class UnderXen(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(temporary.name)
        for name in ("iso", "key.pub", "kernel"):
            with open(name, "w"):
                pass

    def parse(self, text):
        return parse(text.split())

    def test_one_disk_is_the_first_of_the_domain(self):
        options = self.parse(BASE)
        self.assertEqual(xen_machine.settings(options.disks), [("disk", "/dev/xvda")])
        self.assertEqual(xen_machine.guest(options).disks, (os.path.realpath("guest.img"),))

    def test_the_boot_disk_comes_first_since_pygrub_reads_the_first_one(self):
        options = self.parse(f"{BASE} --extra-disk more.img:1G --boot-disk boot.img:500M")
        self.assertEqual(
            xen_machine.settings(options.disks), [("disk", "/dev/xvdb"), ("boot-disk", "/dev/xvda")]
        )
        names = [os.path.basename(path) for path in xen_machine.guest(options).disks]
        self.assertEqual(names, ["boot.img", "guest.img", "more.img"])

    def test_under_qemu_the_boot_disk_has_a_serial_number(self):
        options = self.parse("--disk g --size 4G --boot-disk b:500M --iso iso --key key.pub")
        serial = options.disks[0].serial
        self.assertEqual(
            qemu_machine.settings(options.disks),
            [("disk", f"serial:{serial}"), ("boot-disk", "serial:boot")],
        )

    def test_the_guest_is_named_as_its_disk_or_as_it_is_said(self):
        self.assertEqual(xen_machine.guest(self.parse(BASE)).name, "guest")
        self.assertEqual(xen_machine.guest(self.parse(f"{BASE} --name other")).name, "other")
        with self.assertRaises(Failure):
            xen_machine.guest(self.parse(f"{BASE} --name 7"))

    def test_memory_processors_and_bridge_are_those_of_the_options(self):
        guest = xen_machine.guest(self.parse(f"{BASE} --memory 1G --cores 3 --network bridge=br0"))
        self.assertEqual((guest.memory, guest.cores, guest.bridge), (1024, 3, "br0"))
        self.assertIsNone(xen_machine.guest(self.parse(BASE)).bridge)

    def test_the_installing_domain_is_known_by_the_disk_and_by_nothing_else(self):
        one = xen_machine.identifier(self.parse(BASE))
        self.assertEqual(
            one, xen_machine.identifier(self.parse(f"{BASE} --name other --memory 1G"))
        )
        self.assertNotEqual(one, xen_machine.identifier(self.parse(f"{BASE} --disk other.img")))

    def test_the_layout_decides_which_domain_runs_the_guest(self):
        options = self.parse(BASE)
        self.assertIn(
            'bootloader = "pygrub"', xen_machine.run_file(options, [Result("layout", "pygrub")])
        )
        self.assertIsNone(xen_machine.run_file(options, [Result("layout", "bios")]))
        with self.assertRaises(Failure):
            xen_machine.run_file(options, [Result("layout", "direct")])

    def test_what_only_qemu_has_is_refused(self):
        for more, words in (
            ("--network user", "none or bridge=INTERFACE"),
            ("--network tap=t0", "none or bridge=INTERFACE"),
            ("--network bridge=", "none or bridge=INTERFACE"),
            ("--firmware uefi", "--firmware"),
            ("--prove-boot", "--prove-boot works with QEMU only"),
            ("--disk guest.qcow2", "raw disks"),
            ("--boot-disk boot.qcow2:500M", "raw disks"),
            ("--hypervisor vmware", "qemu, xen or libvirt"),
            ("--hypervisor qemu --network bridge=br0", "user or tap"),
        ):
            with self.subTest(more=more), self.assertRaises(Failure) as caught:
                self.parse(f"{BASE} {more}")
            self.assertEqual(caught.exception.code, Code.MISUSE)
            self.assertIn(words, caught.exception.sentence)


# What libxl says when a domain that has ended disappears before xl has removed its devices.
TEARDOWN = """\
libxl: error: libxl_exec.c:117:libxl_report_child_exitstatus: /etc/xen/scripts/block remove [360] \
exited with error status 1
libxl: error: libxl_device.c:1337:device_hotplug_child_death_cb: script: /etc/xen/scripts/block failed
libxl: error: libxl_domain.c:1183:libxl__destroy_domid: Domain 3:Non-existant domain
libxl: error: libxl_domain.c:1137:domain_destroy_callback: Domain 3:Unable to destroy guest
"""
STARTED = "Waiting for domain guest-install (domid 3) to die [pid 351]\n"
XL = """\
#!/bin/sh
case $1 in
create)
    console=$(sed -n 's/^serial = "pipe:\\(.*\\)"$/\\1/p' "$3")
    cat said >"$console.out"
    cat messages >&2
    exit "$(cat status)" ;;
vm-list)
    echo 'UUID                                  ID    name'
    [ ! -e domains ] || sed -n "s/^uuid = \"\\(.*\\)\"/\\1 3 guest-install/p" "$(cat domains)" ;;
destroy)
    rm domains ;;
esac
"""


class EndOfTheDomain(unittest.TestCase):
    """The stand-in for xl repeats one thing only: what xl said and returned in that race."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(temporary.name)
        path = os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", path)
        os.environ["PATH"] = f"{temporary.name}:{path}"
        with open("xl", "w") as file:
            file.write(XL)
        os.chmod("xl", 0o755)
        subprocess.run(
            ["xorriso", "-as", "mkisofs", "-quiet", "-o", "iso", self.tree()], check=True
        )

    @staticmethod
    def tree():
        """A folder with the file that every ISO of the installer has."""
        os.mkdir("tree")
        with open("tree/guest-installer.embedded", "w"):
            pass
        return "tree"

    def first_run(self, said, messages, status=1):
        """The exit status and the last line of a run with this xl."""
        for name, text in (("said", said), ("messages", messages), ("status", str(status))):
            with open(name, "w") as file:
                file.write(text)
        words = "--hypervisor xen --disk guest.img --size 64M --iso iso --set keys=none"
        tool = os.path.join(tap.TOP, "qemu", "first-run")
        done = subprocess.run(
            [tool, *words.split()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stderr

    def test_a_teardown_that_failed_leaves_the_installers_own_code(self):
        failed = "INSTALL_FAILED code=12 stage=target the disk holds data\r\n"
        for messages in (TEARDOWN, STARTED + TEARDOWN):
            code, words = self.first_run(failed, messages)
            self.assertEqual(code, 12, words)
            self.assertIn("target: the disk holds data", words)

    def test_a_teardown_that_failed_leaves_an_install_successful(self):
        code, words = self.first_run("INSTALL_SUCCESSFUL\r\n", STARTED + TEARDOWN)
        self.assertEqual(code, 0, words)
        self.assertTrue(os.path.exists("guest.img"))

    def test_a_domain_that_ran_and_said_nothing_ended_without_a_verdict(self):
        code, words = self.first_run("Linux version 6.1\r\n", STARTED + TEARDOWN)
        self.assertEqual(code, Code.NO_VERDICT, words)

    def test_a_domain_that_was_never_started_is_a_failure_of_xl(self):
        code, words = self.first_run("", TEARDOWN)
        self.assertEqual(code, Code.EMULATOR, words)
        self.assertIn("block remove [360] exited", words)


if __name__ == "__main__":
    tap.main()
