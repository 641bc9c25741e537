# SPDX-License-Identifier: MIT
"""Whether a file is an ISO of guest-installer, before a machine starts from it.

Every such ISO has the file in which `iso customize` embeds things. Only the root folder is read.
"""

from __future__ import annotations

import os

from host.base.codes import Code, Failure
from host.embed.area import NAME

SECTOR = 2048
# ECMA-119: the primary volume descriptor is sector 16; in it, at 156, is the record of the root folder.
DESCRIPTOR = 16 * SECTOR
ROOT_EXTENT, ROOT_SIZE = slice(158, 162), slice(166, 170)
LARGEST_ROOT = 1 << 20


def require_installer_iso(path: str) -> None:
    """Failure(MISUSE) with the reason if no installer would start from it."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Failure(Code.MISUSE, f"cannot read the ISO {path}: {error.strerror}") from error
    try:
        head = os.pread(file, SECTOR, DESCRIPTOR)
        if head[:6] != b"\x01CD001":
            raise Failure(
                Code.MISUSE, f"{path} is no ISO image: name the guest-installer.iso by --iso"
            )
        offset = int.from_bytes(head[ROOT_EXTENT], "little") * SECTOR
        size = int.from_bytes(head[ROOT_SIZE], "little")
        if NAME.encode() not in os.pread(file, min(size, LARGEST_ROOT), offset):
            raise Failure(
                Code.MISUSE,
                f"{path} is not an ISO of guest-installer, or was made by an older version: build"
                " one with 'make iso' or mkGuestIso, and name it by --iso",
            )
    finally:
        os.close(file)
