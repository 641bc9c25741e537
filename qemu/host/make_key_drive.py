# SPDX-License-Identifier: MIT
"""make-key-drive: the drive that QEMU's virtual FAT makes of a folder, as an image for other hosts.

Names and times in it do not depend on the machine. What may lie on it: keydrive.py.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from typing import Sequence

from host.base import files, process
from host.qemu import emulator
from host.base.command_line import Option, Program, Section, answer_common
from host.base.command_line import parse as parse_options
from host.base.codes import Code, Failure, report
from host.install.keydrive import KeyDrive

TOOL = "make-key-drive"
PROGRAM = Program(
    name=TOOL,
    usage=("[OPTION]... OUT.img FILE|DIR|URL...",),
    text="""
Makes OUT.img, a FAT floppy image of 2.88 MB, which is the drive that first-run gives to QEMU. A FILE
is a *.pub, an authorized_keys, a guest-installer.conf, or one of the other files that first-run
takes with --key; of a DIR all files are taken; a URL is fetched by this host. The same input makes
the same image, bit for bit. A private key is refused by name.
""",
    positional="words",
    sections=(
        Section(
            "",
            (
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
IMAGE_MODE = 0o644  # public keys, which a hypervisor of another user may read


def main(argv: Sequence[str]) -> int:
    """Runs the tool; returns its exit status."""
    answer = answer_common(PROGRAM, argv)
    if answer is not None:
        print(answer, end="")
        return Code.SUCCESS
    os.umask(0o022)
    try:
        process.raise_on_signals()
        label, image, sources = parse(argv)
        drive = KeyDrive()
        drive.collect(sources)
        make_image(drive, label, image)
    except Failure as failure:
        report(TOOL, failure.sentence)
        if failure.code == Code.MISUSE:
            report(TOOL, f"{TOOL} --help lists the options")
        return failure.code
    except process.Interrupted as interrupted:
        return 128 + interrupted.number
    except OSError as error:
        report(TOOL, f"cannot make the drive: {error.strerror}")
        return Code.NO_ROOM
    return Code.SUCCESS


def parse(argv: Sequence[str]) -> tuple[str, str, Sequence[str]]:
    """Label, image and sources."""
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
    return label, words[0], words[1:]


def make_image(drive: KeyDrive, label: str, image: str) -> None:
    """Writes the image under another name first; it appears whole or not at all."""
    with tempfile.TemporaryDirectory(prefix="guest-installer.") as work:
        folder, whole = os.path.join(work, "drive"), os.path.join(work, "image")
        drive.write(folder)
        _run("mformat", "-C", "-i", whole, "-f", "2880", "-N", "0", "-v", label, "::")
        copies = [os.path.join(folder, name) for name in sorted(drive.files)]
        epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or FIRST_DOS_DAY)
        for path in copies:
            os.utime(path, (epoch, epoch))
        _run("mcopy", "-m", "-i", whole, *copies, "::")
        with files.replacing(image, IMAGE_MODE) as file, open(whole, "rb") as made:
            shutil.copyfileobj(made, file)


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
