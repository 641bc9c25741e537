# SPDX-License-Identifier: MIT
"""The image of a key drive: a FAT floppy of 2.88 MB, which mtools fill.

Names and times in it do not depend on the machine. What may lie on it: keydrive.py.
"""

from __future__ import annotations

import os
import shutil

from host.base import files, process
from host.base.codes import Code, Failure
from host.install.keydrive import KeyDrive
from host.install.secrecy import any_secret
from host.qemu import emulator

FIRST_DOS_DAY = "315532800"  # 1980-01-01, before which FAT has no time
TOOL_SECONDS = 60


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
