# SPDX-License-Identifier: MIT
"""A running QEMU: its monitor, console and further channels are inherited sockets.

They have neither a path nor a port, so no other process can connect. All tools start QEMU here.
"""

from __future__ import annotations

import os
import re
import socket
from typing import Optional, Sequence

from host.qemu import emulator
from host.base.codes import Code, Failure
from host.base.process import Child
from host.qemu.qmp import Monitor, MonitorError, MonitorTimeout

START_SECONDS = 120
FORWARD_SECONDS = 60
END_SECONDS = 10


class Channels:
    """Pairs of sockets for a QEMU that is about to start: one end each is its own."""

    def __init__(self) -> None:
        self._ours: dict[str, socket.socket] = {}
        self._theirs: list[socket.socket] = []

    def add(self, name: str) -> list[str]:
        """QEMU's arguments for a character device of this name."""
        self._ours[name], theirs = socket.socketpair()
        self._theirs.append(theirs)
        return ["-chardev", f"socket,id={name},fd={theirs.fileno()}"]

    def inherited(self) -> list[int]:
        """The descriptors that QEMU needs."""
        return [end.fileno() for end in self._theirs]

    def started(self) -> dict[str, socket.socket]:
        """Our ends; QEMU has its own now."""
        for end in self._theirs:
            end.close()
        self._theirs = []
        return self._ours


class QemuProcess:
    """One machine, from its start to its end. It cannot outlive us."""

    def __init__(
        self,
        arguments: Sequence[str],
        channels: Channels,
        run: str,
        environment: Optional[dict[str, str]] = None,
        *,
        keep: Sequence[int] = (),
        shows_output: bool = False,
    ) -> None:
        """Starts QEMU; `run` is a private folder, and `keep` are further descriptors for QEMU.
        QEMU's standard output goes to ours if `shows_output` says so, and to its messages if not.
        Failure(EMULATOR) has QEMU's own reason."""
        self._messages = os.path.join(run, "messages")
        self.no_room = False
        monitor = [*channels.add("monitor"), "-mon", "chardev=monitor,mode=control"]
        with open(self._messages, "wb") as messages:
            self._child = Child(
                [*arguments, *monitor],
                stdout=None if shows_output else messages,
                stderr=messages,
                keep=[*channels.inherited(), *keep],
                session=True,
                environment=environment,
            )
        self.channels = channels.started()
        try:
            self.monitor = Monitor(self.channels.pop("monitor"), START_SECONDS)
        except MonitorError as error:
            self.end()
            raise self._failure(error) from error

    @property
    def pid(self) -> int:
        """The number of QEMU's process."""
        return self._child.pid

    def fileno(self) -> int:
        """Readable when QEMU has ended."""
        return self._child.fileno()

    def runs(self, seconds: float = 0) -> bool:
        """Whether QEMU runs, and goes on running for so long."""
        return self._child.wait(seconds) is None

    def wait(self, seconds: float) -> Optional[int]:
        """QEMU's exit status, or None if it still runs after the seconds."""
        return self._child.wait(seconds)

    def read_events(self) -> bool:
        """Notes what the monitor tells about disks; False when it tells nothing more."""
        try:
            while True:
                event = self.monitor.wait_event(("BLOCK_IO_ERROR",), 0)
                self.no_room = self.no_room or bool(event.get("data", {}).get("nospace"))
        except MonitorTimeout:
            return True
        except MonitorError:
            return False

    def forwarded_port(self) -> int:
        """The port on the loopback that QEMU chose for the guest's SSH server. QEMU binds a free
        port and reports it, so no other program can take it in between."""
        try:
            answer = self.monitor.human("info usernet", seconds=FORWARD_SECONDS)
        except MonitorError as error:
            raise self._failure(error) from error
        match = re.search(r"HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)", answer)
        if not match:
            raise Failure(Code.EMULATOR, "QEMU does not report the port that it forwards")
        return int(match[1])

    def _failure(self, error: MonitorError) -> Failure:
        """QEMU's own last messages, or the monitor's."""
        return Failure(Code.EMULATOR, f"QEMU failed: {emulator.log_tail(self._messages) or error}")

    def require_good_end(self) -> None:
        """Failure(EMULATOR) unless QEMU has ended by itself and well."""
        status = self._child.wait()
        if status:
            how = f"ended by signal {-status}" if status < 0 else f"status {status}"
            reason = emulator.log_tail(self._messages)
            raise Failure(Code.EMULATOR, f"QEMU failed ({how})" + (f": {reason}" if reason else ""))

    def end(self) -> None:
        """Ends QEMU if it still runs; what it may leave half-written is worth nothing."""
        self._child.end(END_SECONDS)

    def close(self) -> None:
        """Ends QEMU and gives everything back."""
        self._child.close()
        self.monitor.close()
        for channel in self.channels.values():
            channel.close()
