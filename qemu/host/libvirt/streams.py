# SPDX-License-Identifier: MIT
"""A console or channel of a domain as a socket of this process.

libvirt delivers a stream in callbacks of its event loop; the code that follows an installation polls
descriptors. The event loop's thread copies from one to the other, in both directions for a terminal.
"""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Any, Callable

from host.libvirt.connection import Connection

READ_BYTES = 65536
# A reader that takes nothing for so long has gone. Meanwhile the event loop answers no keepalive message,
# and a server ends the connection after 30 seconds without an answer.
PATIENCE_SECONDS = 10


class StreamSocket:
    """The socket `ours` has what the domain writes, and its end when the domain has ended."""

    def __init__(self, connection: Connection, attach: Callable[[Any], object]) -> None:
        """`attach` connects a new stream to the console or the channel."""
        library = self._library = connection.library
        self.ours, self._theirs = socket.socketpair()
        self._theirs.settimeout(PATIENCE_SECONDS)
        self._stream = connection.server.newStream(library.VIR_STREAM_NONBLOCK)
        self._open = True
        attach(self._stream)
        self._stream.eventAddCallback(
            library.VIR_STREAM_EVENT_READABLE
            | library.VIR_STREAM_EVENT_ERROR
            | library.VIR_STREAM_EVENT_HANGUP,
            self._arrived,
            None,
        )
        self._watch = library.virEventAddHandle(
            self._theirs.fileno(), library.VIR_EVENT_HANDLE_READABLE, self._typed, None
        )

    def _arrived(self, _stream: Any, _events: int, _opaque: Any) -> None:
        """In the event loop: copies what is there, or notes the end."""
        try:
            data = self._stream.recv(READ_BYTES)
        except self._library.libvirtError:
            data = b""
        if data == -2:  # nothing yet
            return
        with contextlib.suppress(OSError):
            if data:
                self._theirs.sendall(data)
                return
        self._finish()

    def _typed(self, _watch: int, descriptor: int, _events: int, _opaque: Any) -> None:
        """In the event loop: copies keys of a terminal to the domain."""
        try:
            data = os.read(descriptor, READ_BYTES)
            while data:
                sent = self._stream.send(data)
                if sent < 0:
                    break
                data = data[sent:]
        except (OSError, self._library.libvirtError):
            self._remove_watch()

    def _remove_watch(self) -> None:
        if self._watch >= 0:
            self._library.virEventRemoveHandle(self._watch)
            self._watch = -1

    def _finish(self) -> None:
        if not self._open:
            return
        self._open = False
        self._remove_watch()
        with contextlib.suppress(self._library.libvirtError):
            self._stream.eventRemoveCallback()
        with contextlib.suppress(self._library.libvirtError):
            self._stream.abort()
        with contextlib.suppress(OSError):
            self._theirs.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Detaches from the domain."""
        self._finish()
        self.ours.close()
        self._theirs.close()
