# SPDX-License-Identifier: MIT
"""Reads files out of a guest's disk without mounting it, as an ordinary user.

nbdkit's ext2 filter (libext2fs) serves one file of an ext4 file system, on a whole disk or in a
partition of MBR or GPT. qemu-nbd reads formats other than raw. A
disk's name tells its format unless the caller knows it. The content is untrusted: a size
limit applies before the first byte is copied, and a copy is complete or fails. A disk in use gives
whatever it holds at that moment.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import tempfile
from typing import Iterator, Optional

from host.base import files
from host.base.codes import Code, Failure
from host.base.deadline import Deadline
from host.base.process import Child
from host.qemu.emulator import disk_format, find_program
from host.qemu.nbd import MOST_READ, Export, NbdError

READ_SECONDS = 600
PARTITIONS = 8
# Kernels and initramfs are some 10 to 300 MB; a sparse file of terabytes is an attack.
LARGEST_FILE = 1 << 30
SAFE_PATH = re.compile(r"(/[A-Za-z0-9_.+=?-]+)+")


class NotFound(Exception):
    """The disk has no such partition, file system or file; the text has nbdkit's reason."""


def read_file(
    disk: str, partition: int, path: str, limit: int, *, format: Optional[str] = None
) -> bytes:
    """The content of a file. Partition 0 stands for the whole disk. NotFound, or Failure(EMULATOR)
    if the file is larger than `limit` or cannot be read to its end."""
    with _served(disk, partition, path, limit, format) as export:
        return b"".join(_parts(export))


def copy_file(
    disk: str, partition: int, path: str, out: str, *, format: Optional[str] = None
) -> None:
    """Copies a file to `out`, which appears when it is complete. Fails as read_file does, and if
    the file is empty."""
    with _served(disk, partition, path, LARGEST_FILE, format) as export:
        if not export.size:
            raise Failure(Code.EMULATOR, f"cannot take {path} out of {disk}: the file is empty")
        with files.replacing(out) as file:
            for part in _parts(export):
                file.write(part)


def find_partition(disk: str, path: str, *, format: Optional[str] = None) -> int:
    """The first partition whose file system has this file, or 0 if the whole disk is that file
    system. NotFound with the last reason."""
    reason = ""
    partitions: list[int] = [*range(1, PARTITIONS + 1), 0]
    for partition in partitions:
        try:
            with _served(disk, partition, path, None, format):
                pass
            return partition
        except NotFound as error:
            if not ("partition" in str(error) and "not found" in str(error)):
                reason = str(error)
    raise NotFound(reason or "no partition and no file system found")


def _parts(export: Export) -> Iterator[bytes]:
    for offset in range(0, export.size, MOST_READ):
        yield export.read(offset, min(MOST_READ, export.size - offset))


@contextlib.contextmanager
def _served(
    disk: str, partition: int, path: str, limit: Optional[int], format: Optional[str]
) -> Iterator[Export]:
    """The file as an NBD export; nbdkit talks over an inherited socket and ends with the block."""
    if not SAFE_PATH.fullmatch(path):
        raise Failure(Code.MISUSE, f"'{path}' is no path that a file of a guest has here")
    if not os.path.exists(disk):
        raise Failure(Code.MISUSE, f"cannot find the disk {disk}")
    ours, theirs = socket.socketpair()
    with contextlib.ExitStack() as stack:
        messages = stack.enter_context(tempfile.TemporaryFile())
        with theirs:
            child = Child(
                _command(os.path.abspath(disk), partition, path, format or disk_format(disk)),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=messages,
            )
        stack.callback(child.close)
        stack.callback(ours.close)
        try:
            export = Export(ours, Deadline(READ_SECONDS))
        except NbdError as error:
            ours.close()  # nbdkit ends when the connection does
            child.end()
            messages.seek(0)
            said = messages.read().decode(errors="replace").strip().splitlines()
            raise NotFound(said[0] if said else str(error)) from error
        if limit is not None and export.size > limit:
            reason = f"it has {export.size} bytes, and {limit} are the limit"
            raise Failure(Code.EMULATOR, f"cannot take {path} out of {disk}: {reason}")
        try:
            yield export
        except NbdError as error:
            raise Failure(Code.EMULATOR, f"cannot take {path} out of {disk}: {error}") from error


def _command(disk: str, partition: int, path: str, format: str) -> list[str]:
    command = [find_program("nbdkit"), "--single", "--readonly", "--filter=ext2"]
    if partition:
        command.append("--filter=partition")
    if format == "raw":
        command += ["file", f"file={disk}"]
    else:
        command += ["nbd", f"command={find_program('qemu-nbd')}"]
        command += [f"arg={word}" for word in ("-r", "-f", format, disk)]
    if partition:
        command.append(f"partition={partition}")
    return [*command, f"ext2file={path}"]
