# SPDX-License-Identifier: MIT
"""One run for one guest: the lock beside its disk, and the private folder of the run.

The lock's file names the folder, so that the next run can remove what a killed one left.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
from typing import Iterator

from host.base.codes import Code, Failure

PREFIX = "guest-installer."


def path_of(disk: str) -> str:
    """The lock's file of a disk: beside it, or where its user may write if it is a device."""
    folder, name = os.path.split(os.path.realpath(disk))
    if os.path.exists(disk) and stat.S_ISBLK(os.stat(disk).st_mode):
        folder = _run_base()
    return os.path.join(folder, f".{name}.lock")


def inspect(path: str) -> tuple[bool, str]:
    """Whether a process holds the lock, and its run folder if that is ours, or ""."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False, ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False, ""
    except BlockingIOError:
        folder = os.fsdecode(os.pread(descriptor, 4096, 0))
        return True, folder if _is_run_folder(folder) else ""
    finally:
        os.close(descriptor)


def _is_run_folder(folder: str) -> bool:
    """A user who can write to the lock's file must not make this process remove anything else."""
    if not re.fullmatch(re.escape(PREFIX) + r"[0-9a-f]{16}", os.path.basename(folder)):
        return False
    with contextlib.suppress(OSError, ValueError):
        status = os.lstat(folder)
        private = stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o700
        return private and status.st_uid == os.geteuid()
    return False


class Lock:
    """Held from `with` to its end, or to the end of the process. Its file exists only meanwhile."""

    def __init__(self, path: str, guest: str) -> None:
        """`guest` is what the user calls it, for the sentence of Failure(BUSY)."""
        self._path, self._guest = path, guest
        self._descriptor = -1

    def __enter__(self) -> Lock:
        """What a killed run left goes first, because its folder may have secrets and only the lock's
        file names it."""
        while not self._take():
            pass
        self._remove_leftover()
        return self

    def __exit__(self, *_exception: object) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
        os.close(self._descriptor)

    def _take(self) -> bool:
        """Only the holder removes the file, so one that we locked may be gone: then try again."""
        self._open()
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(self._descriptor), os.lstat(self._path)):
                return True
        except BlockingIOError:
            os.close(self._descriptor)
            raise Failure(Code.BUSY, f"another run has {self._guest}") from None
        except FileNotFoundError:
            pass
        os.close(self._descriptor)
        return False

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(self._path, flags, 0o600)
        except (PermissionError, IsADirectoryError) as error:
            folder = os.path.dirname(self._path) or "."
            raise Failure(
                Code.MISUSE,
                f"cannot write to the folder {folder}: {error.strerror}; choose a folder that is yours",
            ) from error

    @contextlib.contextmanager
    def run_folder(self) -> Iterator[str]:
        """A private folder that ends with the block."""
        folder = os.path.join(_run_base(), PREFIX + secrets.token_hex(8))
        os.pwrite(self._descriptor, os.fsencode(folder), 0)  # before it exists: kill -9 may come
        os.mkdir(folder, 0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _remove_leftover(self) -> None:
        folder = os.fsdecode(os.pread(self._descriptor, 4096, 0))
        os.ftruncate(self._descriptor, 0)
        if _is_run_folder(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _run_base() -> str:
    """Where systemd, the session or else the system has its short-lived files."""
    wanted = (
        os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0],
        os.environ.get("XDG_RUNTIME_DIR", ""),
    )
    for base in wanted:
        if os.path.isabs(base) and os.path.isdir(base) and os.access(base, os.W_OK | os.X_OK):
            return base
    return tempfile.gettempdir()
