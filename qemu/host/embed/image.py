# SPDX-License-Identifier: MIT
"""The file of an ISO: where its files are, what is embedded in it, and its original bytes.

xorriso reads the ISO 9660 file system. This module reads and replaces bytes at the places that it
names, and never changes the file that it was given.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Iterator, Optional

from host.base import process
from host.base.codes import Code, Failure
from host.protocol import area
from host.qemu import emulator

SECTOR = 2048
CHUNK = 1 << 20
READ_SECONDS = 120
# ECMA-119: the primary volume descriptor is sector 16; at 80 is the number of its blocks.
DESCRIPTOR = 16 * SECTOR
FILE = re.compile(r"^File data lba: *\d+ , *(\d+) , *\d+ , *(\d+) , '(.*)'$", re.MULTILINE)


@dataclass(frozen=True)
class Extent:
    """Where a file is in the ISO."""

    offset: int
    size: int


class Image:
    """An ISO of ours, open for reading."""

    def __init__(self, path: str) -> None:
        """Failure(MISUSE) if it is none, is cut off, or has a damaged area."""
        self.path = path
        try:
            self._file = open(path, "rb")
        except OSError as error:
            raise Failure(Code.MISUSE, f"cannot read {path}: {error.strerror}") from error
        try:
            self.size = os.fstat(self._file.fileno()).st_size
            self._check_descriptor()
            self.area = self.locate(f"/{area.NAME}")
            self.embedded = area.decode(self.read(self.area))
            self._check_embedded()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Image:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._file.close()

    def _check_descriptor(self) -> None:
        head = os.pread(self._file.fileno(), SECTOR, DESCRIPTOR)
        if head[:6] != b"\x01CD001":
            raise Failure(Code.MISUSE, f"{self.path} is no ISO 9660 image")
        if int.from_bytes(head[80:84], "little") * SECTOR > self.size:
            raise Failure(Code.MISUSE, f"{self.path} is cut off: copy the ISO again")

    def _check_embedded(self) -> None:
        """What the area says of the ISO has to lie inside it."""
        if not self.embedded:
            return
        what = self.embedded.description
        wrong = not 0 < what.original_bytes <= self.size
        for offset, data in what.restore:
            wrong |= not 0 <= offset <= what.original_bytes - len(data)
        if what.appended:
            wrong |= what.appended[0] < what.original_bytes or sum(what.appended) > self.size
        if wrong:
            raise Failure(
                Code.MISUSE,
                f"{self.path} is shorter than what is embedded in it: copy the ISO again",
            )

    def locate(self, *paths: str) -> Extent:
        """The first of these files. Failure(MISUSE) if the ISO has none of them."""
        for path in paths:
            found = self.find(path)
            if found:
                return found
        raise Failure(
            Code.MISUSE,
            f"{self.path} has no file {paths[0]}: it is no ISO of guest-installer, or was made by "
            "an older version",
        )

    def find(self, path: str) -> Optional[Extent]:
        """The file; None if the ISO has none of this name."""
        program = emulator.find_program("xorriso")
        source = f"stdio:{os.path.abspath(self.path)}"
        arguments = ["-no_rc", "-indev", source, "-find", path, "-exec", "report_lba", "--"]
        status, text = process.run([program, *arguments], READ_SECONDS)
        found = [match for match in FILE.findall(text) if match[2] == path]
        if status or len(found) != 1:
            return None
        extent = Extent(int(found[0][0]) * SECTOR, int(found[0][1]))
        return extent if extent.offset + extent.size <= self.size else None

    def read(self, extent: Extent) -> bytes:
        """The bytes there. Small files only."""
        if extent.size > area.LARGEST:
            raise Failure(Code.MISUSE, f"a file in {self.path} is larger than {area.LARGEST} bytes")
        return os.pread(self._file.fileno(), extent.size, extent.offset)

    def _patches(self) -> list[tuple[int, bytes]]:
        """What the original ISO had at the places that were changed."""
        what = self.embedded.description.restore if self.embedded else ()
        return [(self.area.offset, b"\0" * self.area.size), *what]

    def original_at(self, extent: Extent) -> bytes:
        """The bytes of a small file as the original ISO has it."""
        return patched(self.read(extent), extent.offset, self._patches())

    def original(self) -> Iterator[bytes]:
        """The bytes of the original ISO, in pieces."""
        size = self.embedded.description.original_bytes if self.embedded else self.size
        patches = self._patches()
        for offset in range(0, size, CHUNK):
            piece = os.pread(self._file.fileno(), min(CHUNK, size - offset), offset)
            if not piece:
                raise Failure(Code.MISUSE, f"{self.path} became shorter while it was read")
            yield patched(piece, offset, patches)

    def appended(self) -> Iterator[bytes]:
        """The bytes of what was appended, in pieces."""
        place = self.embedded.description.appended if self.embedded else None
        offset, size = place or (0, 0)
        for start in range(offset, offset + size, CHUNK):
            yield os.pread(self._file.fileno(), min(CHUNK, offset + size - start), start)


def patched(piece: bytes, offset: int, patches: list[tuple[int, bytes]]) -> bytes:
    """A piece of a file that begins at the offset, with what the patches put there."""
    changed = bytearray(piece)
    for start, data in patches:
        first, last = max(start, offset), min(start + len(data), offset + len(piece))
        if first < last:
            changed[first - offset : last - offset] = data[first - start : last - start]
    return bytes(changed)
