# SPDX-License-Identifier: MIT
"""Follows an installing machine to its end: reads both channels, keeps the log, obeys the deadlines.

It reads as long as the machine runs, whatever the user's terminal does, so that the guest never
waits for us.
"""

from __future__ import annotations

import functools
import os
import select
from typing import Callable

from host.base.codes import Code, Failure
from host.protocol.deadlines import Deadlines
from host.base.deadline import Deadline
from host.install.machine import Machine
from host.protocol.progress import Display
from host.protocol.records import Log
from host.protocol.start import check_result
from host.protocol.verdict import Channel, read_json_line, read_serial_line

READ_BYTES = 65536
TICK_SECONDS = 1
# What has been said is in the sockets when the machine has ended; this is for a slow host.
DRAIN_SECONDS = 10


class Follower:
    """The two channels of one machine, and what they have said."""

    def __init__(self, machine: Machine, deadlines: Deadlines, display: Display, log: Log) -> None:
        self.serial = Channel(read_serial_line)
        self.port = Channel(read_json_line)
        self._machine, self._deadlines, self._display, self._log = machine, deadlines, display, log
        self._poll = select.poll()
        self._readers: dict[int, Callable[[], bool]] = {}
        self._ended = False

    def follow(self) -> None:
        """Returns when the machine has ended by itself. Failure(DEADLINE) or (NO_ROOM) otherwise."""
        machine, port, monitor = self._machine, self._machine.port(), self._machine.monitor()
        self._add(machine.fileno(), self._note_end)
        for descriptor, channel in ((machine.console(), self.serial), (port, self.port)):
            if descriptor is not None:
                self._add(descriptor, functools.partial(self._read, descriptor, channel))
        if monitor is not None:
            self._add(monitor, machine.read_events)
        while not self._ended:
            self._obey_limits()
            self._wait(min(TICK_SECONDS, max(self._deadlines.overdue(), 0)))
            self._display.tick()
        log_tail = Deadline(DRAIN_SECONDS)
        while self._readers and not log_tail.passed():
            self._wait(log_tail.left())

    def _obey_limits(self) -> None:
        if self._machine.has_no_room():
            raise Failure(Code.NO_ROOM, "no room on the host: a disk could not grow")
        if self._deadlines.overdue() <= 0:
            raise Failure(Code.DEADLINE, self._deadlines.describe_deadline())

    def _add(self, descriptor: int, reader: Callable[[], bool]) -> None:
        self._readers[descriptor] = reader
        self._poll.register(descriptor, select.POLLIN)

    def _wait(self, seconds: float) -> None:
        """Reads what comes first, and lets the user see what is late."""
        outputs = {output.descriptor: output for output in self._display.outputs()}
        for descriptor in outputs:
            self._poll.register(descriptor, select.POLLOUT)
        try:
            ready = self._poll.poll(seconds * 1000)
        finally:
            for descriptor in outputs:
                self._poll.unregister(descriptor)
        for descriptor, _ in ready:
            if descriptor in outputs:
                outputs[descriptor].pump()
            elif not self._readers[descriptor]():
                self._poll.unregister(descriptor)
                del self._readers[descriptor]

    def _note_end(self) -> bool:
        self._ended = True
        return False

    def _read(self, descriptor: int, channel: Channel) -> bool:
        """Reads once; False at the channel's end."""
        try:
            data = os.read(descriptor, READ_BYTES)
        except ConnectionResetError:
            return False
        if channel is self.serial:
            self._log.write(data)
        for event in channel.feed(data):
            check_result(event)
            self._display.take(event)
        if channel.verdict is not None:
            self._deadlines.finish()
        return bool(data)
