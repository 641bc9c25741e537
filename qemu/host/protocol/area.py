# SPDX-License-Identifier: MIT
"""The area of an ISO in which things are embedded: bytes in, files out, and back.

Pure. The format is described in installer/input/embedded.h. The installer's reader decides what is valid.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Mapping, NoReturn, Optional

from host.base.codes import Code, Failure

NAME = "guest-installer.embedded"
DESCRIPTION = "embedded.json"
HEADER_BYTES = 512
LARGEST = 4 << 20
MAGIC = b"guest-installer embedded "
HEADER = re.compile(rb"guest-installer embedded 1\nsha256 ([0-9a-f]{64})\nsize ([0-9]{1,9})\n\0*")
NEWC_HEADER = re.compile(rb"070701((?:[0-9a-fA-F]{8}){13})")
NEWC_HEADER_BYTES = 110
FIRST_DAY = 0  # of every file, so that the same input makes the same area
LAST_NAME = "TRAILER!!!"
REGULAR = 0o100600


@dataclass(frozen=True)
class Description:
    """How the ISO becomes the original one again, and what was appended to it."""

    original_bytes: int = 0
    original_sha256: str = ""
    restore: tuple[tuple[int, bytes], ...] = ()  # what was at an offset before
    appended: Optional[tuple[int, int]] = None  # offset and size
    kernel_arguments: str = ""

    def text(self) -> bytes:
        """The description as JSON."""
        what: dict[str, Any] = {
            "original": {"bytes": self.original_bytes, "sha256": self.original_sha256},
            "restore": [
                {"offset": offset, "data": base64.b64encode(data).decode()}
                for offset, data in self.restore
            ],
            "kernel_arguments": self.kernel_arguments,
        }
        if self.appended:
            what["appended"] = {"offset": self.appended[0], "bytes": self.appended[1]}
        return json.dumps(what, indent=1).encode() + b"\n"


@dataclass(frozen=True)
class Embedded:
    """What is embedded in an ISO."""

    files: Mapping[str, bytes]
    description: Description


def encode(embedded: Embedded, capacity: int = 0) -> bytes:
    """The area, of exactly that size, or as short as it can be. Failure(NO_ROOM) if it is too small."""
    archive = pack({DESCRIPTION: embedded.description.text(), **embedded.files})
    total = hashlib.sha256(archive).hexdigest()
    header = f"guest-installer embedded 1\nsha256 {total}\nsize {len(archive)}\n".encode()
    area = header.ljust(HEADER_BYTES, b"\0") + archive
    if 0 < capacity < len(area):
        raise Failure(
            Code.NO_ROOM,
            f"what is to be embedded takes {len(area)} bytes, but the ISO has {capacity} for it: "
            "put large files into the guest's own configuration, or on a key drive",
        )
    return area.ljust(capacity, b"\0")


def checksum(area: bytes) -> str:
    """The checksum in the header of an area that encode has made."""
    match = HEADER.fullmatch(area[:HEADER_BYTES])
    assert match
    return match[1].decode()


def decode(area: bytes) -> Optional[Embedded]:
    """What is embedded; None for nothing. Failure(MISUSE) if the area is damaged."""
    if not area.strip(b"\0"):
        return None
    match = HEADER.fullmatch(area[:HEADER_BYTES])
    if not match:
        foreign = area.startswith(MAGIC)
        _refuse("its header is of another version" if foreign else "its header is another one")
    archive = area[HEADER_BYTES : HEADER_BYTES + int(match[2])]
    if hashlib.sha256(archive).hexdigest().encode() != match[1]:
        _refuse("it has another checksum than its header")
    files = unpack(archive)
    if DESCRIPTION not in files:
        _refuse("it does not describe itself")
    return Embedded(files, _read_description(files.pop(DESCRIPTION)))


def _read_description(text: bytes) -> Description:
    try:
        what = json.loads(text)
        appended = what.get("appended")
        return Description(
            int(what["original"]["bytes"]),
            str(what["original"]["sha256"]),
            tuple(
                (int(part["offset"]), base64.b64decode(part["data"], validate=True))
                for part in what["restore"]
            ),
            (int(appended["offset"]), int(appended["bytes"])) if appended else None,
            str(what["kernel_arguments"]),
        )
    except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        _refuse(f"its {DESCRIPTION} is no description")


def pack(files: Mapping[str, bytes], mode: int = REGULAR) -> bytes:
    """An archive in the format newc of cpio(5)."""
    entries = [_entry(name, data, mode) for name, data in files.items()]
    return b"".join([*entries, _entry(LAST_NAME, b"", 0)])


def _entry(name: str, data: bytes, mode: int) -> bytes:
    path = name.encode() + b"\0"
    numbers = (0, mode, 0, 0, 1, FIRST_DAY, len(data), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + path
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def unpack(archive: bytes) -> dict[str, bytes]:
    """The files of such an archive, in its order."""
    files: dict[str, bytes] = {}
    offset = 0
    while match := NEWC_HEADER.match(archive, offset):
        numbers = [int(match[1][i : i + 8], 16) for i in range(0, 13 * 8, 8)]
        start = offset + NEWC_HEADER_BYTES
        name = archive[start : start + numbers[11]].rstrip(b"\0").decode("utf-8", "replace")
        if name == LAST_NAME:
            return files
        start += numbers[11]
        start += -start % 4
        end = start + numbers[6]
        if end > len(archive):
            break
        files[name] = archive[start:end]
        offset = end + -end % 4
    _refuse("its archive is cut off")


def _refuse(reason: str) -> NoReturn:
    raise Failure(
        Code.MISUSE,
        f"what is embedded in the ISO is damaged, because {reason}: copy the ISO again, or make it again",
    )
