# SPDX-License-Identifier: MIT
"""make-key-drive: the drive that QEMU's virtual FAT makes of a folder, as an image for other hosts.

Names and times in it do not depend on the machine. What may lie on it: keydrive.py.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from typing import Sequence

from host.base import files, process
from host.qemu import emulator
from host.base.codes import Code, Failure, report
from host.install.keydrive import KeyDrive

TOOL = "make-key-drive"
USAGE = """\
Usage: make-key-drive [OPTION]... OUT.img FILE|DIR|URL...

Makes OUT.img, a FAT floppy image of 2.88 MB, the same drive that first-run gives to QEMU.
FILE is a *.pub, an authorized_keys or a guest-installer.conf; of a DIR all its files are taken.
The same input makes the same image, bit for bit. A private key is refused by name.

  --label LABEL  volume label (default KEYS)
  --force        replace OUT.img if it exists
  --help         show this
"""
FIRST_DOS_DAY = "315532800"  # 1980-01-01, before which FAT has no time
TOOL_SECONDS = 60
IMAGE_MODE = 0o644  # public keys, which a hypervisor of another user may read


def main(argv: Sequence[str]) -> int:
    """Runs the tool; returns its exit status."""
    if "--help" in argv:
        print(USAGE, end="")
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
            print(USAGE, end="", file=sys.stderr)
        return failure.code
    except process.Interrupted as interrupted:
        return 128 + interrupted.number
    except OSError as error:
        report(TOOL, f"cannot make the drive: {error.strerror}")
        return Code.NO_ROOM
    return Code.SUCCESS


def parse(argv: Sequence[str]) -> tuple[str, str, Sequence[str]]:
    """Label, image and sources."""
    label, force, words = "KEYS", False, list(argv)
    while words and words[0].startswith("--"):
        option, equals, value = words.pop(0).partition("=")
        if option == "--force" and not equals:
            force = True
        elif option == "--label" and (equals or words):
            label = value if equals else words.pop(0)
        else:
            raise Failure(Code.MISUSE, f"unknown option '{option}', or one without its value")
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
