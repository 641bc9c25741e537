# SPDX-License-Identifier: MIT
"""Whether a file is an ISO of guest-installer, and for which architecture, before a machine starts from it.

Every such ISO has the file in which `iso customize` embeds things, and one that names the architecture, as
Nix does; the oldest ones are for x86-64 and have no such file. Only the root folder is read.
"""

from __future__ import annotations

import contextlib
import os
from typing import Iterator

from host.base import architectures
from host.base.architectures import Architecture
from host.base.codes import Code, Failure
from host.protocol.area import NAME

ARCHITECTURE = "guest-installer.arch"
SECTOR = 2048
# ECMA-119: the primary volume descriptor is sector 16; in it, at 156, is the record of the root folder. A
# record has its length, the place of the file and the file's size; the name that Rock Ridge gives it follows.
DESCRIPTOR = 16 * SECTOR
ROOT = 156
EXTENT, SIZE = slice(2, 6), slice(10, 14)
LARGEST_ROOT = 1 << 20
LONGEST_NAME = 64


def require_installer_iso(path: str) -> None:
    """Failure(MISUSE) with the reason if no installer would start from it."""
    with _opened(path) as file:
        if not _is_iso(file):
            sentence = f"{path} is no ISO image: name the guest-installer.iso by --iso"
            raise Failure(Code.MISUSE, sentence)
        if not any(NAME.encode() in record for record in _records(file)):
            raise Failure(
                Code.MISUSE,
                f"{path} is not an ISO of guest-installer, or was made by an older version: build"
                " one with 'make iso' or mkGuestIso, and name it by --iso",
            )


def architecture_of(path: str) -> Architecture:
    """The architecture that the ISO is for; Failure(MISUSE) if these tools do not know it. What is no ISO
    at all is left to require_installer_iso."""
    with _opened(path) as file:
        for record in _records(file) if _is_iso(file) else ():
            if ARCHITECTURE.encode() in record:
                size = min(_number(record[SIZE]), LONGEST_NAME)
                name = os.pread(file, size, _number(record[EXTENT]) * SECTOR).decode(
                    "ascii", "replace"
                )
                return _find(path, name.strip())
    return architectures.X86_64


def _find(path: str, name: str) -> Architecture:
    for row in architectures.ARCHITECTURES:
        if name == row.system:
            return row
    raise Failure(
        Code.MISUSE,
        f"{path} is for {name!r}, which these tools do not know: use those of its version",
    )


@contextlib.contextmanager
def _opened(path: str) -> Iterator[int]:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Failure(Code.MISUSE, f"cannot read the ISO {path}: {error.strerror}") from error
    try:
        yield file
    finally:
        os.close(file)


def _is_iso(file: int) -> bool:
    return os.pread(file, 6, DESCRIPTOR) == b"\x01CD001"


def _records(file: int) -> Iterator[bytes]:
    """The records of the root folder; none crosses the end of a sector."""
    root = os.pread(file, 34, DESCRIPTOR + ROOT)
    folder = os.pread(file, min(_number(root[SIZE]), LARGEST_ROOT), _number(root[EXTENT]) * SECTOR)
    for start in range(0, len(folder), SECTOR):
        sector = folder[start : start + SECTOR]
        while sector and sector[0]:
            yield sector[: sector[0]]
            sector = sector[sector[0] :]


def _number(field: bytes) -> int:
    return int.from_bytes(field, "little")
