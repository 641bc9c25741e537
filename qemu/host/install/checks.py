# SPDX-License-Identifier: MIT
"""Refusals of options that several kinds of disks have in common.

Pure but for what a path leads to.
"""

from __future__ import annotations

import errno
import os
import re
from typing import NoReturn

from host.base.codes import refuse
from host.qemu import emulator

# Below this, no file system of a guest has room.
SMALLEST_DISK = 64 << 20
TOO_SMALL = "no guest fits on a disk below"
# Below this, a number is one without its unit.
SMALLEST_FURTHER_DISK = 1 << 20
FURTHER_TOO_SMALL = "a further disk has at least"


def require_size(option: str, text: str, least: int, reason: str) -> None:
    """A size that cannot work is refused before anything starts, with a hint where the unit was
    forgotten."""
    if emulator.parse_size(option, text) < least:
        unit = "G" if len(text) < 3 or option != "--memory" and len(text) < 4 else "M"
        hint = f"; did you mean {text}{unit}?" if text.isdecimal() else ""
        refuse(f"{option} {text} is too small: {reason} {least >> 20}M{hint}")


def require_disk_size(option: str, text: str) -> None:
    """The size of a new disk: the guest's, of --size, or a further one's."""
    if option == "--size":
        require_size(option, text, SMALLEST_DISK, TOO_SMALL)
    else:
        require_size(option, text, SMALLEST_FURTHER_DISK, FURTHER_TOO_SMALL)


def check_format(format: str) -> None:
    """The format of a new disk, or empty."""
    if format not in ("", "raw", "qcow2"):
        refuse(f"--format takes raw or qcow2, not '{format}'")


def readable(what: str, path: str) -> str:
    """The one name of a file that this user can read."""
    reason = (
        errno.ENOENT
        if not os.path.exists(path)
        else errno.EISDIR
        if os.path.isdir(path)
        else errno.EACCES
        if not os.access(path, os.R_OK)
        else 0
    )
    if reason:
        refuse(f"cannot read {what} {path}: {os.strerror(reason)}")
    if not os.path.isfile(path):
        refuse(f"cannot read {what} {path}: it is no regular file")
    return os.path.realpath(path)


def meant_size(text: str) -> str:
    """A size such as 4GiB or 4GB without the B, which our sizes do not have; empty for another text."""
    match = re.fullmatch(r"([1-9][0-9]*[KMGT])i?[Bb]", text)
    return match[1] if match else ""


def refuse_absent_disk(option: str, path: str) -> NoReturn:
    """A disk that is to be used as it is does not exist; perhaps its size has a form of its own."""
    if option == "--disk":
        refuse(f"there is no disk {path}: leave --existing away and give --size to have it made")
    name, _, size = path.rpartition(":")
    example = f"{name}:{meant_size(size)}" if meant_size(size) else f"{path}:1G"
    refuse(f"there is no disk {path}: to have one made, give its size, as in {option} {example}")


def require_free_name(path: str) -> None:
    """What a new disk cannot take the place of."""
    if os.path.isdir(path):
        refuse(
            f"{path} is a folder: name the disk in it, such as {os.path.join(path, 'guest.qcow2')}"
        )
