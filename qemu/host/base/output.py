# SPDX-License-Identifier: MIT
"""A stream whose reader may be slow or gone: writing never waits.

What the stream does not take at once is kept and written later; of what the next message makes
obsolete only the newest is kept. Neither a blocked terminal nor a closed pipe stops an installation.
"""

from __future__ import annotations

import collections
import os
import select

from host.base.deadline import Deadline

# A stream that poll finds writable takes so much without blocking (POSIX, PIPE_BUF).
CHUNK_BYTES = 512
LIMIT_BYTES = 1 << 20


class Output:
    """The stream `descriptor`, which other processes may share: its flags stay as they are."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._queue: collections.deque[tuple[bytes, bool]] = collections.deque()
        self._size = 0
        self._broken = False

    def write(self, text: str, *, passing: bool = False) -> None:
        """Queues the text and writes what can be written; `passing` if the next one replaces it."""
        data = text.encode("utf-8", "replace")
        if passing and self._queue and self._queue[-1][1]:
            self._size -= len(self._queue.pop()[0])
        if self._size + len(data) <= LIMIT_BYTES and not self._broken:
            self._queue.append((data, passing))
            self._size += len(data)
        self.pump()

    def pending(self) -> bool:
        """Whether something still waits for the reader."""
        return bool(self._queue)

    def pump(self) -> None:
        """Writes as much as the stream takes at once."""
        while self._queue and self._writable(0):
            self._write_chunk()

    def drain(self, seconds: float) -> None:
        """Waits until everything is written, so long at most."""
        deadline = Deadline(seconds)
        while self._queue and self._writable(deadline.left()):
            self._write_chunk()

    def _write_chunk(self) -> None:
        data, _ = self._queue.popleft()
        self._size -= len(data)
        try:
            written = os.write(self.descriptor, data[:CHUNK_BYTES])
        except OSError:  # a closed pipe or a full disk must not end the installation
            self._broken = True
            self._queue.clear()
            self._size = 0
            return
        if written < len(data):  # a message that has begun must be finished
            self._queue.appendleft((data[written:], False))
            self._size += len(data) - written

    def _writable(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self.descriptor, select.POLLOUT)
        return bool(poll.poll(seconds * 1000))
