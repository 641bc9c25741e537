# SPDX-License-Identifier: MIT
"""A client of the NBD protocol that reads one export over a connected stream.

It knows the size of the export before it reads, so a copy is complete or fails.
Format: https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md, newstyle negotiation,
NBD_OPT_GO and simple replies.
"""

from __future__ import annotations

import socket
import struct

from host.base.deadline import Deadline

MAGIC = b"NBDMAGIC"
OPTION_MAGIC = b"IHAVEOPT"
REPLY_MAGIC = 0x3E889045565A9
REQUEST_MAGIC, ANSWER_MAGIC = 0x25609513, 0x67446698
FIXED_NEWSTYLE, NO_ZEROES = 1, 2
OPTION_GO = 7
REPLY_ACK, REPLY_INFO, REPLY_ERROR = 1, 3, 1 << 31
INFO_EXPORT = 0
COMMAND_READ = 0
LONGEST_REPLY = 1 << 16
MOST_READ = 1 << 20


class NbdError(Exception):
    """The server refuses, breaks the protocol, or does not answer in time."""


class Export:
    """The default export of the server at the other end of the stream; `size` is in bytes."""

    def __init__(self, stream: socket.socket, deadline: Deadline) -> None:
        """Negotiates. NbdError if the server has no such export."""
        self._stream, self._deadline = stream, deadline
        if self._receive(16) != MAGIC + OPTION_MAGIC:
            raise NbdError("the server does not speak NBD")
        flags = struct.unpack(">H", self._receive(2))[0]
        if not flags & FIXED_NEWSTYLE:
            raise NbdError("the server speaks an old form of NBD")
        self._send(struct.pack(">I", FIXED_NEWSTYLE | flags & NO_ZEROES))
        self._send(OPTION_MAGIC + struct.pack(">IIIH", OPTION_GO, 6, 0, 0))
        self.size = self._read_size()

    def _read_size(self) -> int:
        size = -1
        while True:
            magic, _, kind, length = struct.unpack(">QIII", self._receive(20))
            if magic != REPLY_MAGIC or length > LONGEST_REPLY:
                raise NbdError("the server breaks the protocol")
            data = self._receive(length)
            if kind & REPLY_ERROR:
                raise NbdError(data.decode(errors="replace") or "the server has no such export")
            if kind == REPLY_INFO and data[:2] == struct.pack(">H", INFO_EXPORT):
                size = int(struct.unpack(">Q", data[2:10])[0])
            if kind == REPLY_ACK:
                if size < 0:
                    raise NbdError("the server does not tell the size")
                return size

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these bytes; at most MOST_READ of them. NbdError if the server cannot read."""
        self._send(struct.pack(">IHHQQI", REQUEST_MAGIC, 0, COMMAND_READ, 1, offset, length))
        magic, error, handle = struct.unpack(">IIQ", self._receive(16))
        if magic != ANSWER_MAGIC or handle != 1:
            raise NbdError("the server breaks the protocol")
        if error:
            raise NbdError(f"the server cannot read at {offset}: error {error}")
        return self._receive(length)

    def _send(self, data: bytes) -> None:
        try:
            self._stream.settimeout(max(self._deadline.left(), 0.001))
            self._stream.sendall(data)
        except OSError as error:
            raise NbdError(f"the server is gone: {error}") from error

    def _receive(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            try:
                self._stream.settimeout(max(self._deadline.left(), 0.001))
                part = self._stream.recv(length - len(data))
            except OSError as error:
                raise NbdError(f"no answer from the server: {error}") from error
            if not part:
                raise NbdError("the server closed the connection")
            data += part
        return bytes(data)
