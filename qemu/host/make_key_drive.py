# SPDX-License-Identifier: MIT
"""make-key-drive: the drive that QEMU's virtual FAT makes of a folder, as an image for other hosts.

Names and times in it do not depend on the machine. What may lie on it: keydrive.py.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
from typing import Sequence

from host.base import files, process, tool
from host.qemu import emulator
from host.base.command_line import Option, Program, Section
from host.base.command_line import parse as parse_options
from host.base.codes import Code, Failure
from host.install.keydrive import KeyDrive
from host.install.secrecy import any_secret
from host.install.secret_files import OPTIONS as SECRET_OPTIONS

PROGRAM = Program(
    name="make-key-drive",
    usage=("[OPTION]... OUT.img FILE|DIR|URL...",),
    text="""
Makes OUT.img, a FAT floppy image of 2.88 MB, which is the drive that first-run gives to QEMU. A FILE
is a *.pub, an authorized_keys, a guest-installer.conf, or one of the other files that first-run
takes with --key; of a DIR all files are taken; a URL is fetched by this host. The same input makes
the same image, bit for bit. A private key of a user is refused by name. An image with host keys or
files for the guest can be read by its owner only.
""",
    positional="words",
    sections=(
        Section(
            "",
            (
                *SECRET_OPTIONS,
                Option("label", "LABEL", "the volume's label", default="KEYS"),
                Option("force", "", "replace OUT.img if it exists"),
            ),
        ),
    ),
    statuses=(
        ("0", "The image is written."),
        ("2", "The options or the files are wrong."),
        ("80", "mtools is not installed."),
        ("85", "The files do not fit, or the host has no room."),
    ),
)
FIRST_DOS_DAY = "315532800"  # 1980-01-01, before which FAT has no time
TOOL_SECONDS = 60


def main(argv: Sequence[str]) -> int:
    """Runs the tool; returns its exit status."""
    return tool.run(PROGRAM, argv, make, lambda error: f"cannot make the drive: {error.strerror}")


def make(argv: Sequence[str]) -> None:
    """Makes the drive that the arguments ask for."""
    given = parse(argv)
    drive = KeyDrive()
    drive.collect(given.words[1:])
    drive.add_host_keys(given.host_key)
    drive.add_guest_files(given.file)
    make_image(drive, given.label, given.words[0])


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The options; the first of the words is the image, the others are the sources."""
    given = parse_options(PROGRAM, argv)
    label, force, words = given.label, given.force, given.words
    if len(words) < 2:
        raise Failure(Code.MISUSE, "an image name and at least one file are needed")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,11}", label):
        raise Failure(Code.MISUSE, "--label takes 1 to 11 letters and digits")
    if os.path.isdir(words[0]):
        raise Failure(Code.MISUSE, f"{words[0]} is a folder")
    if os.path.lexists(words[0]) and not force:
        raise Failure(Code.MISUSE, f"{words[0]} exists already; --force replaces it")
    return given


def make_image(drive: KeyDrive, label: str, image: str) -> None:
    """Writes the image under another name first; it appears whole or not at all."""
    secret = any_secret(drive.content())
    with files.temporary_folder(secret) as work:
        folder, whole = os.path.join(work, "drive"), os.path.join(work, "image")
        drive.write(folder)
        fill_image(folder, label, whole)
        # A hypervisor of another user may read public keys.
        mode = files.PRIVATE if secret else files.PUBLIC
        with files.replacing(image, mode) as file, open(whole, "rb") as made:
            shutil.copyfileobj(made, file)


def fill_image(folder: str, label: str, image: str) -> None:
    """Makes the image of a folder's files."""
    _run("mformat", "-C", "-i", image, "-f", "2880", "-N", "0", "-v", label, "::")
    copies = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or FIRST_DOS_DAY)
    for path in copies:
        os.utime(path, (epoch, epoch))
    _run("mcopy", "-m", "-i", image, *copies, "::")


def _run(tool: str, *arguments: str) -> None:
    environment = {
        "SOURCE_DATE_EPOCH": FIRST_DOS_DAY,
        **os.environ,
        "MTOOLSRC": os.devnull,
        "TZ": "UTC",
        "LC_ALL": "C",
    }
    program = emulator.find_program(tool)
    status, output = process.run([program, *arguments], TOOL_SECONDS, environment=environment)
    if status:
        raise Failure(Code.NO_ROOM, f"{tool} cannot fill the drive: {' '.join(output.split())}")
