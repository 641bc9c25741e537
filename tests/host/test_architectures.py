#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves which architecture the host's tools choose for a machine, and what its machine is like: by a kernel's
header, by the file of an ISO, by the type of a disk's root partition, and by what the user names."""

import gzip
import os
import subprocess
import unittest
import xml.etree.ElementTree as tree
from dataclasses import replace
from unittest import mock

import tap
from host.base import architectures
from host.base.architectures import AARCH64, X86_64
from host.base.codes import Code, Failure
from host.install import options
from host.install.installer_iso import architecture_of
from host.libvirt import xml as documents
from host.libvirt.xml import Domain, Source
from host.qemu import emulator
from host.qemu.emulator import MachineOptions
from host.qemu.root_type import architecture_of_disk
from host.run import architecture, domain_options, words
from host.run.debug import debug_arguments
from host.run.debug_options import DebugOptions
from host.run.devices import screen
from host.run.kernel_file import kernel_release


def program(machine, size=0x1000):
    """The beginning of an EFI program for that machine, as every kernel with a stub has it."""
    data = bytearray(size)
    data[:2], data[60:64] = b"MZ", (0x80).to_bytes(4, "little")
    data[0x80:0x86] = b"PE\0\0" + machine.to_bytes(2, "little")
    return data


def image(release=b"6.7.0-arm"):
    data = program(0xAA64)
    data[56:60] = b"ARM\x64"
    return bytes(data) + b"\0" * (1 << 20) + b"Linux version " + release + b" (me@here) #1\0"


def bzimage():
    data = bytearray(0x400)
    data[0x202:0x206] = b"HdrS"
    return bytes(data)


def partitioned(path, kind, size=8 << 20, format="raw"):
    """A disk with one partition of that type."""
    raw = path if format == "raw" else path + ".raw"
    with open(raw, "wb") as file:
        file.truncate(size)
    script = f"label: gpt\nsize=1MiB, type=21686148-6449-6E6F-744E-656564454649\ntype={kind}\n"
    subprocess.run(["sfdisk", "-q", raw], input=script.encode(), check=True)
    if format != "raw":
        subprocess.run(["qemu-img", "convert", "-O", format, raw, path], check=True)
        os.unlink(raw)


def iso(path, system=None):
    os.mkdir("root")
    files = {"guest-installer.embedded": "", "other": "x"}
    if system is not None:
        files["guest-installer.arch"] = system + "\n"
    for name, text in files.items():
        with open(os.path.join("root", name), "w", encoding="ascii") as file:
            file.write(text)
    subprocess.run(
        ["xorriso", "-as", "mkisofs", "-quiet", "-r", "-J", "-o", path, "root"],
        check=True,
        stderr=subprocess.DEVNULL,
    )


class Choosing(tap.Refusing):
    def setUp(self):
        tap.enter_folder(self)

    def write(self, name, data):
        with open(name, "wb") as file:
            file.write(data)
        return name

    def test_a_kernel_says_it_by_its_header(self):
        for data, row in (
            (program(0x8664), X86_64),
            (program(0xAA64), AARCH64),
            (bzimage(), X86_64),
            (program(0x014C), None),
            (b"", None),
            (b"MZ", None),
            (b"x" * 4096, None),
        ):
            self.assertIs(architectures.of_kernel(bytes(data)), row)

    def test_an_image_with_gzip_is_read_through_it(self):
        self.write("Image", image())
        self.write("Image.gz", gzip.compress(image()))
        self.write("damaged", gzip.compress(image())[:-40])
        for name in ("Image", "Image.gz"):
            self.assertIs(architecture.choose("", kernel=name), AARCH64)
            self.assertEqual(kernel_release(name), "6.7.0-arm")
        self.assertIsNone(kernel_release(self.write("none", b"\x1f\x8b\x08damaged")))
        self.assertIsNone(kernel_release(self.write("no-banner", image(b"")[:-40])))

    def test_an_iso_names_it_and_an_old_one_is_for_x86_64(self):
        iso("arm.iso", "aarch64-linux")
        self.assertIs(architecture_of("arm.iso"), AARCH64)
        subprocess.run(["rm", "-r", "root"], check=True)
        iso("old.iso")
        self.assertIs(architecture_of("old.iso"), X86_64)
        subprocess.run(["rm", "-r", "root"], check=True)
        iso("odd.iso", "riscv64-linux")
        self.refuses(
            Code.MISUSE, "odd.iso is for 'riscv64-linux', which", lambda: architecture_of("odd.iso")
        )
        self.refuses(Code.MISUSE, "cannot read the ISO", lambda: architecture_of("absent.iso"))

    def test_a_disk_says_it_by_the_type_of_its_root_partition(self):
        partitioned("arm.raw", AARCH64.root_type)
        partitioned("arm.qcow2", AARCH64.root_type, format="qcow2")
        partitioned("x86.raw", X86_64.root_type)
        partitioned("linux.raw", "0FC63DAF-8483-4772-8E79-3D69D8477DE4")
        self.write("damaged.raw", b"\0" * 512 + b"EFI PART" + b"\xff" * 4096)
        self.write("not.qcow2", b"text")
        for disk, row in (
            ("arm.raw", AARCH64),
            ("arm.qcow2", AARCH64),
            ("x86.raw", X86_64),
            ("linux.raw", None),
            ("damaged.raw", None),
            ("not.qcow2", None),
            ("absent.raw", None),
        ):
            self.assertIs(architecture_of_disk(disk), row, disk)
        self.assertIs(architecture.choose("", disk="arm.qcow2"), AARCH64)
        self.assertIs(architecture.choose("", disk="linux.raw"), X86_64)

    def test_what_is_named_counts_unless_the_kernel_or_the_iso_contradicts(self):
        self.write("Image", image())
        self.write("key.pub", b"")
        iso("arm.iso", "aarch64-linux")
        self.assertIs(architecture.choose("aarch64", disk="absent"), AARCH64)
        self.assertIs(architecture.choose("", iso="arm.iso", disk="absent"), AARCH64)
        self.refuses(
            Code.MISUSE, "is for aarch64", lambda: architecture.choose("x86_64", kernel="Image")
        )
        self.refuses(
            Code.MISUSE, "x86_64 or aarch64, not 'arm'", lambda: architecture.choose("arm")
        )
        line = "--disk g.raw --size 2G --iso arm.iso --key key.pub".split()
        machine = options.parse(line).machine
        self.assertIs(machine.architecture, AARCH64)
        self.assertEqual(machine.firmware, "uefi")
        for more, sentence in (
            ("--arch x86_64", "but"),
            ("--firmware bios", "--firmware takes uefi for aarch64, not 'bios'"),
            ("--hypervisor xen", "x86-64 only"),
        ):
            self.refuses(Code.MISUSE, sentence, lambda: options.parse([*line, *more.split()]))

    def test_a_volume_of_libvirt_is_for_what_the_iso_is_for(self):
        iso("arm.iso", "aarch64-linux")
        said = words.read(["web", "--hypervisor", "libvirt", "--iso", "arm.iso"])
        self.assertNotIn("--firmware", domain_options.check(said, "qemu:///system").install_words)
        said["firmware"] = ["bios"]
        self.refuses(
            Code.MISUSE, "takes uefi", lambda: domain_options.check(said, "qemu:///system")
        )


class Machines(unittest.TestCase):
    def setUp(self):
        tap.enter_folder(self)

    def arguments(self, **options):
        machine = MachineOptions(architecture=AARCH64, **options)
        with mock.patch.object(emulator, "find_program", lambda name: name):
            with mock.patch.object(emulator, "find_firmware", lambda row: ("/dev/null",) * 2):
                return emulator.machine_arguments(machine, ".")

    def test_firmware_may_be_that_which_qemu_comes_with(self):
        os.makedirs("qemu/bin")
        os.makedirs("qemu/share/qemu")
        os.mkdir("bin")
        for name in (*AARCH64.bundled_firmware, "../../bin/qemu-system-aarch64"):
            with open(f"qemu/share/qemu/{name}", "wb") as file:
                os.fchmod(file.fileno(), 0o755)
        os.symlink("../qemu/bin/qemu-system-aarch64", "bin/qemu-system-aarch64")
        row = replace(AARCH64, firmware_files=())
        with mock.patch.dict(os.environ, PATH=os.path.abspath("bin")):
            found = emulator.find_firmware(row)
            self.assertEqual(found[0], os.path.realpath("qemu/share/qemu/edk2-aarch64-code.fd"))
            os.unlink("qemu/share/qemu/edk2-arm-vars.fd")
            with self.assertRaises(Failure) as caught:
                emulator.find_firmware(row)
        self.assertIn("AAVMF_CODE and AAVMF_VARS", caught.exception.sentence)

    def test_an_emulated_machine_of_64_bit_arm_is_virt_without_a_vga_card(self):
        arguments = self.arguments(firmware="uefi", accel="tcg")
        self.assertEqual(arguments[0], "qemu-system-aarch64")
        self.assertIn("max,pauth-impdef=on", arguments)
        self.assertEqual(arguments[arguments.index("-machine") + 1], "virt")
        self.assertNotIn("-vga", arguments)
        self.assertEqual(len([word for word in arguments if "if=pflash" in word]), 2)

    def test_a_kernel_that_qemu_starts_needs_no_firmware(self):
        self.assertFalse(
            [word for word in self.arguments(firmware="", accel="tcg") if "pflash" in word]
        )

    def test_only_a_host_of_the_same_architecture_virtualises(self):
        open("kvm", "w").close()
        with open("cpuinfo", "w", encoding="ascii") as file:
            file.write("Features : fp asimd")
        for host, row, accel in (
            ("aarch64", AARCH64, "kvm"),
            ("x86_64", AARCH64, "tcg"),
            ("aarch64", X86_64, "tcg"),
            ("x86_64", X86_64, "tcg"),
        ):
            with mock.patch("platform.machine", lambda name=host: name):
                found = emulator.detect_acceleration("kvm", "cpuinfo", row)
                self.assertEqual(found, accel, (host, row.name))
        with mock.patch("platform.machine", lambda: "x86_64"):
            with self.assertRaises(Failure) as caught:
                emulator.acceleration(MachineOptions(accel="kvm", architecture=AARCH64))
        self.assertEqual(caught.exception.code, Code.MISUSE)

    def test_the_firmware_of_each_is_its_own(self):
        for name in ("AAVMF_CODE", "AAVMF_VARS"):
            open(name, "w").close()
        with mock.patch.dict(os.environ, {"AAVMF_CODE": "AAVMF_CODE", "AAVMF_VARS": "AAVMF_VARS"}):
            self.assertEqual(emulator.find_firmware(AARCH64), ("AAVMF_CODE", "AAVMF_VARS"))
            self.assertNotEqual(emulator.find_firmware(X86_64)[0], "AAVMF_CODE")

    def test_devices_that_the_machine_lacks_have_others_in_their_place(self):
        self.assertIn("virtio-gpu-pci", screen("vnc", AARCH64))
        self.assertNotIn("virtio-gpu-pci", screen("vnc", X86_64))
        options = DebugOptions(dump_on_panic="core")
        self.assertIn("pvpanic-pci", debug_arguments(options, 0, "pvpanic-pci"))

    def test_a_domain_of_libvirt_says_its_machine(self):
        source = Source("vms", "web", "raw", "gi-1")
        for kind, cpu in (("qemu", "custom"), ("kvm", "host-passthrough")):
            domain = Domain(
                *("web", "u", kind, 1 << 29, 1, "uefi", "none", (source,)), architecture=AARCH64
            )
            top = tree.fromstring(documents.install_domain(domain, source, source))
            self.assertEqual(top.find("os").get("firmware"), "efi")
            self.assertEqual(top.find("os/type").attrib, {"arch": "aarch64", "machine": "virt"})
            self.assertEqual(top.find("cpu").get("mode"), cpu)
            self.assertIsNone(top.find("features/apic"))
            self.assertEqual(top.find("devices/disk[@device='cdrom']/target").get("bus"), "scsi")


if __name__ == "__main__":
    tap.main()
