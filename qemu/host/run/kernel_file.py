# SPDX-License-Identifier: MIT
"""What a kernel's file says of itself: its header, and its release.

Formats: Linux, Documentation/arch/x86/boot.rst (header magic 0x202, kernel_version 0x20e) and
Documentation/arch/arm64/booting.rst (an Image, which QEMU also starts with gzip around it).
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import Iterator, Optional

HEAD_BYTES = 1 << 16
CHUNK = 1 << 20
LARGEST_KERNEL = 512 << 20
IMAGE_MAGIC = slice(56, 60)
# The beginning of what the kernel prints first.
BANNER = re.compile(rb"Linux version ([0-9][!-~]{0,63}) \(")
LONGEST_BANNER = 128


def read_head(path: str) -> bytes:
    """The beginning of the kernel, without gzip."""
    return next(_chunks(path, HEAD_BYTES), b"")


def kernel_release(path: str) -> Optional[str]:
    """What `uname -r` will print, or None if the file is neither a bzImage nor an Image of arm64."""
    head = read_head(path)
    if head[0x202:0x206] == b"HdrS":
        return _release_of_bzimage(head)
    return _find_banner(path) if head[IMAGE_MAGIC] == b"ARM\x64" else None


def _release_of_bzimage(head: bytes) -> Optional[str]:
    if len(head) < 0x210:
        return None
    start = struct.unpack_from("<H", head, 0x20E)[0] + 0x200
    words = head[start : start + 256].split(b"\0")[0].decode("ascii", "replace").split()
    return words[0] if words else None


def _find_banner(path: str) -> Optional[str]:
    """The header of an Image has no release."""
    kept = b""
    for chunk in _chunks(path, CHUNK):
        match = BANNER.search(kept + chunk)
        if match:
            return match[1].decode("ascii")
        kept = (kept + chunk)[-LONGEST_BANNER:]
    return None


def _chunks(path: str, size: int) -> Iterator[bytes]:
    """The content in pieces, unpacked if it is gzip's; damaged data end it."""
    with open(path, "rb") as file:
        piece = file.read(size)
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if piece[:2] == b"\x1f\x8b" else None
        total = 0
        while piece and total < LARGEST_KERNEL:
            while piece:
                try:
                    data = unpacker.decompress(piece, size) if unpacker else piece
                except zlib.error:
                    return
                total += len(data)
                yield data
                piece = unpacker.unconsumed_tail if unpacker else b""
            piece = file.read(size)
