# SPDX-License-Identifier: MIT
"""What stays of an installation beside the disk: the console's log, the verdict, the host keys.

guest.qcow2.log, older ones guest.qcow2.log.1 and so on; guest.qcow2.verdict.json; and
guest.qcow2.known_hosts, for ssh -o UserKnownHostsFile.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import errno
import json
import os
import re
from typing import Iterable, Optional

from host.base import files
from host.protocol.verdict import Result, harmless

OLD_LOGS = 5
LARGEST_LOG = 64 << 20  # bytes: a guest must not fill the host's disk with words
TAIL_BYTES = 4096
MOST_HOST_KEYS = 16


class Log:
    """The console's log. A host without room loses it, not the installation: see `full`."""

    def __init__(self, path: str) -> None:
        """Begins a new log; the ones before get numbers, the oldest goes."""
        self.path = path
        self.full = False
        self._tail = b""
        self._size = 0
        rotate(path)
        self._descriptor = files.create(path)

    def write(self, data: bytes) -> None:
        """Adds what the console said."""
        self._tail = (self._tail + data)[-TAIL_BYTES:]
        data = data[: LARGEST_LOG - self._size]
        self._size += len(data)
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self.full = True

    def tail(self, lines: int = 10) -> str:
        """The last lines, harmless to a terminal."""
        text = self._tail.replace(b"\r", b"").decode("utf-8", "replace")
        return "\n".join(harmless(line) for line in text.rstrip("\n").split("\n")[-lines:])

    def close(self) -> None:
        """No more comes."""
        os.close(self._descriptor)


def rotate(path: str) -> None:
    """Numbers the old logs: .1 is the one before, .5 the oldest that is kept."""
    names = [path] + [f"{path}.{number}" for number in range(1, OLD_LOGS + 1)]
    for older, newer in reversed(list(zip(names[1:], names))):
        with contextlib.suppress(FileNotFoundError):
            os.replace(newer, older)


def write_verdict(path: str, fields: dict[str, object]) -> None:
    """How the installation ended, for programs."""
    files.write_whole(path, json.dumps({"format": 1, **fields}, indent=2) + "\n")


def remove(paths: Iterable[str]) -> None:
    """Removes files that need not be there."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def parse_host_key(value: str) -> Optional[tuple[str, str]]:
    """Type and base64 of a public key as in ssh-host-key results; None if it is not one.

    The encoded key begins with its type's length and name (RFC 4253, section 6.6).
    """
    match = re.fullmatch(r"([a-z0-9@.-]{1,64}) ([A-Za-z0-9+/]{1,1400}={0,2})", value)
    if not match:
        return None
    try:
        blob = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        return None
    name = match[1].encode()
    if not blob.startswith(len(name).to_bytes(4, "big") + name):
        return None
    return match[1], match[2]


def known_hosts(results: Iterable[Result]) -> str:
    """The guest's host keys as known_hosts(5), for whatever name and port it is reached by."""
    keys = [parse_host_key(result.value) for result in results if result.key == "ssh-host-key"]
    return "".join(f"* {key[0]} {key[1]}\n" for key in keys[:MOST_HOST_KEYS] if key)
