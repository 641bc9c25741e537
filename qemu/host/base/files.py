# SPDX-License-Identifier: MIT
"""Files that appear whole or not at all, readable by their owner alone.

The new content goes into NAME.new, which is created afresh: a link or a file that another user of
the folder has left there is removed, and never written through. The rename replaces a link at NAME.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import IO, Iterator


PRIVATE = 0o600
PUBLIC = 0o644
MEMORY = "/dev/shm"  # where copies of secrets leave nothing on a disk


def create(path: str, mode: int = PRIVATE) -> int:
    """A descriptor for writing to a file that did not exist; OSError if the name is taken."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, mode)


def new_name(path: str) -> str:
    """The name of the new content until it is complete."""
    return f"{path}.new"


@contextlib.contextmanager
def replacing(path: str, mode: int = PRIVATE) -> Iterator[IO[bytes]]:
    """A file to write into, which is synced and renamed to `path` at the end of the block. If the
    block raises, `path` stays as it was and nothing is left."""
    new = new_name(path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    with open(create(new, mode), "wb") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(new, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(new)
            raise


def write_whole(path: str, text: str) -> None:
    """Replaces the file by one with this text."""
    with replacing(path) as file:
        file.write(text.encode())


@contextlib.contextmanager
def temporary_folder(secret: bool) -> Iterator[str]:
    """A private folder that ends with the block; for secrets in memory, if the host lets us."""
    place = MEMORY if secret and os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="guest-installer.", dir=place) as folder:
        yield folder
