# SPDX-License-Identifier: MIT
"""Which architecture an installed disk is for, by the type of its root partition.

Format: UEFI, "GUID Partition Table"; the types are those of the Discoverable Partitions Specification. The
disk is the guest's to write: what it says decides which emulator starts it, and nothing else.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from typing import Iterator, Optional

from host.base import process
from host.base.architectures import ARCHITECTURES, Architecture
from host.base.codes import Failure
from host.qemu.emulator import disk_format, find_program

HEAD_BYTES = 1 << 16
SECTORS = (512, 4096)
READ_SECONDS = 60
MOST_ENTRIES = 128


def architecture_of_disk(disk: str) -> Optional[Architecture]:
    """None if no partition has such a type, or the disk cannot be read."""
    types = set(_types(_head(disk)))
    return next((row for row in ARCHITECTURES if uuid.UUID(row.root_type) in types), None)


def _head(disk: str) -> bytes:
    """The beginning of the disk as the guest sees it; empty if it cannot be read."""
    try:
        if disk_format(disk) == "raw":
            with open(disk, "rb") as file:
                return file.read(HEAD_BYTES)
        with tempfile.TemporaryDirectory() as folder:
            copy = os.path.join(folder, "head")
            words = [find_program("qemu-img"), "dd", "-U", "-f", disk_format(disk), "-O", "raw"]
            words += [f"bs={HEAD_BYTES}", "count=1", f"if={disk}", f"of={copy}"]
            process.run(words, READ_SECONDS)
            with open(copy, "rb") as file:
                return file.read(HEAD_BYTES)
    except (OSError, Failure):
        return b""


def _types(head: bytes) -> Iterator[uuid.UUID]:
    """The types of the partitions in a GPT."""
    for sector in SECTORS:
        header = head[sector : sector + 92]
        if len(header) < 92 or header[:8] != b"EFI PART":
            continue
        start = int.from_bytes(header[72:80], "little") * sector
        count = min(int.from_bytes(header[80:84], "little"), MOST_ENTRIES)
        size = int.from_bytes(header[84:88], "little")
        for number in range(count):
            kind = head[start + number * size :][:16]
            if len(kind) == 16 and any(kind):
                yield uuid.UUID(bytes_le=kind)
