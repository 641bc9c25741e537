# SPDX-License-Identifier: MIT
"""Local sockets by their path. An address holds 108 bytes; through a folder's descriptor any path
is short."""

from __future__ import annotations

import os
import socket
from typing import Callable


def listen(path: str) -> socket.socket:
    """A listening socket at a path where nothing is."""
    stream = socket.socket(socket.AF_UNIX)
    try:
        _through_folder(path, stream.bind)
        stream.listen(1)
    except BaseException:
        stream.close()
        raise
    return stream


def connect(path: str, seconds: float) -> socket.socket:
    """A connection to the process that listens there; OSError if none does within the seconds."""
    stream = socket.socket(socket.AF_UNIX)
    try:
        stream.settimeout(seconds)
        _through_folder(path, stream.connect)
    except BaseException:
        stream.close()
        raise
    return stream


def _through_folder(path: str, action: Callable[[str], None]) -> None:
    folder = os.open(os.path.dirname(path) or ".", os.O_PATH | os.O_DIRECTORY)
    try:
        action(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
    finally:
        os.close(folder)
