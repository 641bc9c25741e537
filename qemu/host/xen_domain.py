# SPDX-License-Identifier: MIT
"""xen-domain: writes the domain files of a guest under Xen, from one set of options."""

from __future__ import annotations

import argparse
import os
import re
from typing import Optional, Sequence

from host.protocol import verdict
from host.qemu import emulator
from host.xen import domain
from host.base.command_line import Option, Program, Section, answer_common, parse
from host.base.codes import Code, Failure, report, report_help
from host.base.files import write_whole
from host.base.version import name_of
from host.xen.boot_files import take_boot
from host.xen.domain import Boot, Domain

TOOL = "xen-domain"
PROGRAM = Program(
    name=TOOL,
    usage=(
        "install --name NAME --disk DISK... --iso FILE [OPTION]...",
        "pygrub --name NAME --disk BOOT --disk ROOT [OPTION]...",
        "direct --name NAME --disk DISK --installed LOG --out FILE [OPTION]...",
        "direct --name NAME --disk DISK --kernel FILE --ramdisk FILE [OPTION]...",
    ),
    text="""
Writes a file for xl create: with install the HVM domain that boots the installer's ISO, with pygrub
the PV domain whose kernel pygrub takes from the first disk, and with direct the PV domain whose
kernel is a file of the host.
""",
    positional="words",
    sections=(
        Section(
            "All domains",
            (
                Option("name", "NAME", "the domain's name"),
                Option(
                    "disk",
                    "DISK",
                    "a raw disk, as phy:DEVICE, file:IMAGE or a path; the guest has the disks as xvda, xvdb, xvdf and so on",
                    many=True,
                ),
                Option("memory", "SIZE", "its memory, in whole MiB", default="512M"),
                Option("cores", "N", "its processors", default="1"),
                Option("bridge", "NAME", "a network card on this bridge; by default none"),
                Option("mac", "ADDRESS", "the card's address"),
                Option("out", "FILE", "write there, not to the standard output"),
            ),
        ),
        Section(
            "install",
            (
                Option("iso", "FILE", "the installer's ISO, which is the domain's cdrom"),
                Option("keys", "FILE", "a key drive that make-key-drive made"),
                Option("serial", "FILE", "the serial console's log; by default NAME.log here"),
            ),
        ),
        Section(
            "install and direct",
            (
                Option(
                    "kernel",
                    "FILE",
                    "the kernel, a file of the host; install then starts it instead of the ISO's boot loader",
                ),
                Option("ramdisk", "FILE", "its initramfs"),
                Option("command-line", "TEXT", "its command line"),
            ),
        ),
        Section(
            "direct",
            (
                Option(
                    "installed",
                    "LOG",
                    "take kernel, initramfs and command line from what the installer reported in LOG, and copy the files out of the first disk to OUT.kernel and OUT.ramdisk",
                ),
            ),
        ),
    ),
    statuses=(
        ("0", "The file is written."),
        ("1", "The file cannot be written."),
        ("2", "The options are wrong."),
        ("80", "A file cannot be taken out of the disk."),
    ),
)
KINDS = ("install", "pygrub", "direct")


def main(argv: Sequence[str]) -> int:
    """Runs the tool; returns its exit status."""
    os.umask(0o022)
    answer = answer_common(PROGRAM, argv)
    if answer is not None:
        print(answer, end="")
        return Code.SUCCESS
    try:
        given = _parse(argv)
        _write(given.out, domain_file(given))
    except Failure as failure:
        report(TOOL, failure.sentence)
        if failure.code == Code.MISUSE:
            report_help(TOOL)
        return failure.code
    except OSError as error:
        report(TOOL, f"cannot write {error.filename}: {error.strerror}")
        return Code.INTERNAL
    return Code.SUCCESS


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    given = parse(PROGRAM, argv)
    if len(given.words) != 1 or given.words[0] not in KINDS:
        words = " ".join(given.words)
        raise Failure(Code.MISUSE, f"the first word is {', '.join(KINDS)}, not '{words}'")
    given.kind = given.words[0]
    for name in ("bridge", "mac", "command_line"):
        setattr(given, name, getattr(given, name) or None)
    return given


def domain_file(given: argparse.Namespace) -> str:
    """The text of the file that was asked for. Failure(MISUSE) says what is wrong."""
    _refuse_useless(given)
    guest = Domain(
        name=given.name,
        disks=tuple(domain.parse_disk(text) for text in given.disk),
        memory=domain.parse_memory(given.memory),
        cores=emulator.parse_number("--cores", given.cores),
        bridge=given.bridge,
        mac=given.mac,
    )
    domain.check(guest)
    if given.kind == "pygrub":
        return domain.pygrub_domain(guest)
    boot = _given_boot(given)
    if given.kind == "direct":
        if boot is None:
            boot = _installed_boot(given, guest)
        return domain.direct_domain(guest, boot)
    keys = os.path.abspath(given.keys) if given.keys else None
    serial = "file:" + os.path.abspath(given.serial or f"{given.name}.log")
    return domain.install_domain(guest, os.path.abspath(given.iso), keys, serial, boot)


def _refuse_useless(given: argparse.Namespace) -> None:
    """What a kind of domain has no use for was meant for another one."""
    useless = {
        "install": ("installed",),
        "pygrub": ("iso", "keys", "serial", "kernel", "ramdisk", "installed", "command_line"),
        "direct": ("iso", "keys", "serial"),
    }
    for name in useless[given.kind]:
        if getattr(given, name):
            raise Failure(Code.MISUSE, f"{given.kind} has no use for --{name.replace('_', '-')}")
    if not given.name:
        raise Failure(Code.MISUSE, "--name is needed")
    if given.kind == "install" and not given.iso:
        raise Failure(Code.MISUSE, "install needs --iso")
    if re.search(r"(\.pub|authorized_keys)$", given.keys):
        raise Failure(
            Code.MISUSE,
            f"--keys takes a drive, and {given.keys} is a file of keys: "
            f"{name_of('make-key-drive')} makes one of it",
        )


def _given_boot(given: argparse.Namespace) -> Optional[Boot]:
    if bool(given.kernel) != bool(given.ramdisk):
        raise Failure(Code.MISUSE, "--kernel and --ramdisk go together")
    if not given.kernel:
        if given.kind == "install" and given.command_line is not None:
            raise Failure(Code.MISUSE, "--command-line needs --kernel and --ramdisk")
        return None
    if given.installed:
        raise Failure(Code.MISUSE, "--installed names the kernel; --kernel names another one")
    return Boot(
        os.path.abspath(given.kernel), os.path.abspath(given.ramdisk), given.command_line or ""
    )


def _installed_boot(given: argparse.Namespace, guest: Domain) -> Boot:
    if not given.installed:
        raise Failure(Code.MISUSE, "direct needs --installed, or --kernel and --ramdisk")
    if not given.out:
        raise Failure(Code.MISUSE, "--installed needs --out, beside which the files are put")
    try:
        with open(given.installed, "rb") as file:
            log = file.read()
    except OSError as error:
        raise Failure(Code.MISUSE, f"cannot read {given.installed}: {error.strerror}") from error
    channel = verdict.Channel(verdict.read_serial_line)
    channel.feed(log)
    if not isinstance(channel.verdict, verdict.Successful):
        raise Failure(
            Code.MISUSE,
            f"{given.installed} does not end with INSTALL_SUCCESSFUL: give the whole log of a "
            "successful install onto this disk",
        )
    boot = take_boot(channel.results, guest.disks[0], os.path.abspath(given.out))
    if given.command_line is not None:
        boot = Boot(boot.kernel, boot.ramdisk, f"{boot.command_line} {given.command_line}".strip())
    return boot


def _write(out: str, text: str) -> None:
    if not out:
        print(text, end="")
        return
    write_whole(out, text)
