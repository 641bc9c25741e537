# SPDX-License-Identifier: MIT
"""A client of QEMU's monitor: the QEMU Machine Protocol, JSON lines over a stream socket.

It knows no command by name: what is asked, and what an event means, is the caller's matter.
Format: QEMU, docs/interop/qmp-spec.txt.
"""

from __future__ import annotations

import collections
import json
import socket
from typing import Any, Collection, Optional

from host.base import sockets
from host.base.deadline import Deadline

LINE_LIMIT = 1 << 20
Message = dict[str, Any]


class MonitorError(Exception):
    """The monitor did not do what was asked: one sentence."""


class MonitorClosed(MonitorError):
    """QEMU has ended or has closed the connection."""


class MonitorTimeout(MonitorError):
    """No answer within the time given."""


class Monitor:
    """A connection on which the handshake is done. `end` of a with block closes it."""

    def __init__(self, stream: socket.socket, seconds: float = 30) -> None:
        """Greets QEMU on a connected socket, which is ours from now on."""
        self._stream = stream
        self._buffer = b""
        self._events: collections.deque[Message] = collections.deque()
        self._count = 0
        try:
            greeting = self._read(Deadline(seconds))
            if "QMP" not in greeting:
                raise MonitorError("what answers is not QEMU's monitor")
            self.execute("qmp_capabilities", seconds=seconds)
        except BaseException:
            stream.close()
            raise

    @classmethod
    def connect(cls, path: str, seconds: float = 30) -> "Monitor":
        """Connects to the socket `path` of a QEMU that runs.

        Raises MonitorClosed if no process listens there.
        """
        try:
            stream = sockets.connect(path, seconds)
        except socket.timeout as error:
            raise MonitorTimeout(f"{path} does not answer") from error
        except OSError as error:
            raise MonitorClosed(f"cannot connect to {path}: {error.strerror}") from error
        return cls(stream, seconds)

    def __enter__(self) -> "Monitor":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; QEMU goes on."""
        self._stream.close()

    def fileno(self) -> int:
        """For select and poll: readable when an event may have come."""
        return self._stream.fileno()

    def execute(
        self, command: str, arguments: Optional[Message] = None, *, seconds: float = 30
    ) -> Any:
        """Has one command carried out and returns what it returned.

        Raises MonitorError with QEMU's own sentence when it is refused, MonitorClosed when QEMU
        ended before the answer, MonitorTimeout. Events that come meanwhile are kept.
        """
        deadline = Deadline(seconds)
        self._count += 1
        request: Message = {"execute": command, "id": self._count}
        if arguments:
            request["arguments"] = arguments
        self._send(json.dumps(request).encode() + b"\n", deadline)
        while True:
            message = self._read(deadline)
            if "event" in message:
                self._events.append(message)
            elif message.get("id") != self._count:
                continue  # the late answer to a command that was given up
            elif "error" in message:
                reason = message["error"].get("desc", "no reason given")
                raise MonitorError(f"QEMU refused {command}: {reason}")
            else:
                return message.get("return")

    def human(self, line: str, *, seconds: float = 30) -> str:
        """The answer to one line of the monitor for people, for what has no other command."""
        return str(self.execute("human-monitor-command", {"command-line": line}, seconds=seconds))

    def wait_event(self, names: Collection[str], seconds: float) -> Message:
        """The next event of one of these names; the others before it are dropped.

        Raises MonitorTimeout when the seconds have passed, MonitorClosed when QEMU ended.
        """
        deadline = Deadline(seconds)
        while True:
            while self._events:
                event = self._events.popleft()
                if event.get("event") in names:
                    return event
            message = self._read(deadline)
            if "event" in message:
                self._events.append(message)

    def _send(self, data: bytes, deadline: Deadline) -> None:
        try:
            self._stream.settimeout(max(deadline.left(), 0.001))
            self._stream.sendall(data)
        except socket.timeout as error:
            raise MonitorTimeout("QEMU's monitor takes no command") from error
        except OSError as error:
            raise MonitorClosed(f"QEMU's monitor is gone: {error.strerror}") from error

    def _read(self, deadline: Deadline) -> Message:
        """One message, whatever it is."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > LINE_LIMIT:
                raise MonitorError("QEMU's monitor sends a line without end")
            self._fill(deadline)
        line, self._buffer = self._buffer.split(b"\n", 1)
        try:
            message = json.loads(line)
        except ValueError as error:
            raise MonitorError("QEMU's monitor sends what is no JSON") from error
        if not isinstance(message, dict):
            raise MonitorError("QEMU's monitor sends what is no message")
        return message

    def _fill(self, deadline: Deadline) -> None:
        try:
            self._stream.settimeout(max(deadline.left(), 0.001))
            data = self._stream.recv(65536)
        except socket.timeout as error:
            raise MonitorTimeout(f"no answer from QEMU in {deadline.seconds:g} s") from error
        except OSError as error:
            raise MonitorClosed(f"QEMU's monitor is gone: {error.strerror}") from error
        if not data:
            raise MonitorClosed("QEMU has closed its monitor")
        self._buffer += data
