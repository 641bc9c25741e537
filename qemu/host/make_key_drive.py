# SPDX-License-Identifier: MIT
"""make-key-drive: the drive that QEMU's virtual FAT makes of a folder, as an image for other hosts.

How the image is made: install/key_drive_image.py. What may lie on it: install/keydrive.py.
"""

from __future__ import annotations

import argparse
import os
import re
from typing import Sequence

from host.base import tool
from host.base.command_line import Option, Program, Section
from host.base.command_line import parse as parse_options
from host.base.codes import Code, Failure
from host.install.key_drive_image import make_image
from host.install.keydrive import KeyDrive
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
