# SPDX-License-Identifier: MIT
"""The disks of an installation: made under a temporary name, checked, published under the final one.

A disk that still has its temporary name is not published, whatever other name it has: so an
installation that was killed at any moment is told from one that had ended. Disks that exist
already are used as they are.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
from dataclasses import dataclass
from typing import Iterator, Optional, Sequence

from host.base import files, process
from host.qemu import emulator
from host.base.codes import Code, Failure

TOOL_SECONDS = 600
# A file system with less left has stopped a disk from growing.
LITTLE_BYTES = 1 << 20
QEMU_IMG_HAS_NO_CHECK = 63


@dataclass(frozen=True)
class Disk:
    """One disk. `size` is None if it exists already, and empty if it gets that of the image it is a copy of;
    `serial` is how the installer knows it."""

    path: str
    format: str
    size: Optional[str]
    serial: str

    @property
    def existing(self) -> bool:
        """Whether the disk is the user's own, which is not ours to publish or to remove."""
        return self.size is None

    @property
    def folder(self) -> str:
        """Where the disk lies."""
        return os.path.dirname(self.path)

    @property
    def partial(self) -> str:
        """The temporary name beside the final one."""
        return os.path.join(self.folder, f".{os.path.basename(self.path)}.installing")

    @property
    def working(self) -> str:
        """The name under which the disk is while it is being installed."""
        return self.path if self.existing else self.partial

    def is_device(self) -> bool:
        """Whether this is a block device."""
        return os.path.exists(self.path) and stat.S_ISBLK(os.stat(self.path).st_mode)


def new_serial() -> str:
    """A serial number that no other disk has; virtio-blk carries 20 bytes."""
    return f"gi-{secrets.token_hex(8)}"


def recover(disks: Sequence[Disk]) -> None:
    """Removes what a killed run left. The first new disk decides whether all had been published."""
    made = [disk for disk in disks if not disk.existing]
    published = bool(made) and _is_published(made[0])
    for disk in made:
        if not published and _is_same(disk):
            os.unlink(disk.path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(disk.partial)


def _is_same(disk: Disk) -> bool:
    """Whether both names are those of one file."""
    try:
        return os.path.samestat(os.lstat(disk.path), os.lstat(disk.partial))
    except FileNotFoundError:
        return False


def _is_published(disk: Disk) -> bool:
    return os.path.lexists(disk.path) and (not os.path.lexists(disk.partial) or _is_same(disk))


def require_absent(disks: Sequence[Disk]) -> None:
    """Failure(MISUSE) if a disk is in the way of a new one."""
    for disk in disks:
        if disk.existing or not os.path.lexists(disk.path):
            continue
        fix = "remove it, or use it as it is with --existing"
        if disk.is_device():
            fix = "say --existing, without --size, to install on this block device"
        raise Failure(Code.MISUSE, f"{disk.path} exists already; {fix}")


def make(disks: Sequence[Disk]) -> None:
    """Makes the new disks under their temporary names."""
    for disk in disks:
        if disk.size is None:
            continue
        if disk.format == "raw":
            _make_raw(disk)
        else:
            # qemu-img follows a link; the file is there, ours and private, before it writes.
            os.close(_create(disk))
            create = [emulator.find_program("qemu-img"), "create", "-q", "-f", disk.format]
            _run_tool([*create, disk.partial, disk.size], disk, f"cannot make {disk.path}")


def _make_raw(disk: Disk) -> None:
    """Zeros that take no room, without QEMU's tools: a host with Xen may have none."""
    assert disk.size is not None
    with open(_create(disk), "wb") as file:
        file.truncate(emulator.parse_size("the disk", disk.size))


def _create(disk: Disk) -> int:
    """The file under its temporary name, for its owner alone."""
    try:
        return files.create(disk.partial)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Failure(Code.EMULATOR, f"cannot make {disk.path}: {error.strerror}") from error


@contextlib.contextmanager
def held(disks: Sequence[Disk]) -> Iterator[None]:
    """Holds block devices during the block: the host cannot mount them, and udev does not probe them."""
    with contextlib.ExitStack() as stack:
        for disk in disks:
            if disk.is_device():
                _hold_device(disk.path, stack)
        yield


def _hold_device(path: str, stack: contextlib.ExitStack) -> None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
        stack.callback(os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        busy = error.errno in (errno.EBUSY, errno.EWOULDBLOCK)
        code = Code.BUSY if busy else Code.MISUSE
        raise Failure(code, f"cannot take the device {path}: {error.strerror}") from error


def check(disks: Sequence[Disk]) -> None:
    """Checks what QEMU left, and has it on the host's disk when it returns."""
    for disk in disks:
        if disk.format == "qcow2":
            command = [emulator.find_program("qemu-img"), "check", "-q", "-f", disk.format]
            _run_tool([*command, disk.working], disk, f"QEMU left {disk.path} damaged")
        _sync(disk.working)


def publish(disks: Sequence[Disk]) -> None:
    """Gives the new disks their final names, the first disk last: it says that all are there."""
    made = [disk for disk in disks if not disk.existing]
    for disk in reversed(made):
        try:
            _link(disk.partial, disk.path)
        except FileExistsError:
            raise Failure(
                Code.MISUSE, f"{disk.path} appeared while it was being installed"
            ) from None
        _sync(disk.folder)
    for disk in made:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(disk.partial)
        _sync(disk.folder)


def discard(disks: Sequence[Disk], *, keep: bool = False) -> None:
    """Removes the new disks of a failed installation, or keeps each as NAME.failed."""
    for disk in disks:
        if keep and not disk.existing and os.path.lexists(disk.partial) and not _is_same(disk):
            os.replace(disk.partial, f"{disk.path}.failed")
    recover(disks)


def has_no_room(folder: str) -> bool:
    """Whether the folder's file system is full."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize < LITTLE_BYTES


def _run_tool(command: Sequence[str], disk: Disk, what: str) -> None:
    status, output = process.run(command, TOOL_SECONDS)
    if status == 0 or status == QEMU_IMG_HAS_NO_CHECK:
        return
    if has_no_room(disk.folder):
        raise Failure(Code.NO_ROOM, f"no room for {disk.path}")
    raise Failure(Code.EMULATOR, f"{what}: {' '.join(output.split())}")


def _link(old: str, new: str) -> None:
    """Adds the name `new`, which must be free. Without hard links, it is renamed."""
    try:
        os.link(old, new)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        if os.path.lexists(new):
            raise FileExistsError(new) from None
        os.rename(old, new)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
