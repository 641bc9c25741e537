# SPDX-License-Identifier: MIT
"""write_log — the requests of a log of QEMU's driver blklogwrites, and an image to which they are applied.

The format is that of the kernel's dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst):
a superblock, then for each request a header that fills a sector, and its data.
"""

import mmap
import os
import struct
from dataclasses import dataclass

MAGIC = 0x6A736677736872
VERSION = 1
SECTOR = 512  # the unit of places and lengths in the log
FLUSH, FUA, DISCARD = 1, 2, 4


@dataclass(frozen=True)
class Request:
    """The number counts from 1: an image at position N has the requests 1 to N."""

    number: int
    offset: int
    data: memoryview  # zeros of a discarded range
    flags: int

    @property
    def is_flush(self):
        return bool(self.flags & FLUSH)

    @property
    def end(self):
        return self.offset + len(self.data)


def read_log(path):
    """All requests of the log. A log that is cut off is an error."""
    with open(path, "rb") as file:
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    magic, version, count, sector_bytes = struct.unpack_from("<QQQI", view)
    if magic != MAGIC or version != VERSION:
        raise ValueError(f"{path} is no log of writes")
    requests = []
    at = sector_bytes
    for number in range(1, count + 1):
        sector, sectors, flags, _ = struct.unpack_from("<QQQQ", view, at)
        at += sector_bytes
        size = sectors * SECTOR
        data = memoryview(bytes(size)) if flags & DISCARD else view[at : at + size]
        if len(data) < size:
            raise ValueError(f"{path} ends inside request {number} of {count}")
        at += 0 if flags & DISCARD else size
        requests.append(Request(number, sector * SECTOR, data, flags))
    return requests


class Image:
    """A raw image file. What is tried out on it is undone afterwards."""

    def __init__(self, path):
        self.path = path
        self.file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self.size = os.fstat(self.file).st_size

    def read(self, offset, size):
        return os.pread(self.file, size, offset)

    def write(self, offset, data):
        while data:
            done = os.pwrite(self.file, data, offset)
            offset, data = offset + done, data[done:]

    def read_with(self, pieces, offset, size):
        """What read() would return after the pieces, pairs of offset and data, were written."""
        found = bytearray(self.read(offset, size))
        for start, data in pieces:
            first, last = max(start, offset), min(start + len(data), offset + size)
            if first < last:
                found[first - offset : last - offset] = data[first - start : last - start]
        return bytes(found)

    def try_out(self, pieces):
        """Writes the pieces, and returns those that undo it."""
        undo = []
        for offset, data in pieces:
            undo.insert(0, (offset, memoryview(self.read(offset, len(data)))))
            self.write(offset, data)
        return undo

    def copy_data(self, offset, size, target):
        """Copies this part, without its holes, to the file target."""
        at, end = offset, min(offset + size, self.size)
        out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.ftruncate(out, end - offset)
        while at < end:
            try:
                at = os.lseek(self.file, at, os.SEEK_DATA)
            except OSError:  # ENXIO: no more data
                break
            hole = min(os.lseek(self.file, at, os.SEEK_HOLE), end)
            while at < hole:
                at += os.copy_file_range(self.file, out, hole - at, at, at - offset)
        os.close(out)
