# SPDX-License-Identifier: MIT
"""Refusals of options that several kinds of disks have in common.

Pure.
"""

from __future__ import annotations

from typing import NoReturn

from host.base.codes import Code, Failure
from host.qemu import emulator

# Below this, no file system of a guest has room.
SMALLEST_DISK = 64 << 20
TOO_SMALL = "no guest fits on a disk below"


def refuse(sentence: str) -> NoReturn:
    """The options are wrong."""
    raise Failure(Code.MISUSE, sentence)


def require_size(option: str, text: str, least: int, reason: str) -> None:
    """A size that cannot work is refused before anything starts, with a hint where the unit was
    forgotten."""
    if emulator.parse_size(option, text) < least:
        hint = f"; did you mean {text}G?" if text.isdecimal() and len(text) < 4 else ""
        refuse(f"{option} {text} is too small: {reason} {least >> 20}M{hint}")


def check_format(format: str) -> None:
    """The format of a new disk, or empty."""
    if format not in ("", "raw", "qcow2"):
        refuse(f"--format takes raw or qcow2, not '{format}'")
