# SPDX-License-Identifier: MIT
"""The terminal as a guest's serial console: every key goes to the guest, but the one that leaves."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import termios
import tty
from typing import Iterator

LEAVE = b"\x1d"  # Ctrl-], as in telnet and virsh


def attach(stream: socket.socket) -> bool:
    """Joins the standard streams and the console's socket; returns whether the user left, and not
    the guest."""
    source, sink = sys.stdin.fileno(), sys.stdout.fileno()
    stream.setblocking(True)
    with raw_terminal(source):
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        poll.register(source, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if stream.fileno() in ready and not _pass(stream, sink):
                return False
            if source in ready:
                keys = os.read(source, 4096)
                before, left, _ = keys.partition(LEAVE)
                with contextlib.suppress(OSError):
                    stream.sendall(before)
                if left:
                    return True
                if not keys:  # no more input: what the guest says is shown all the same
                    poll.unregister(source)


def _pass(stream: socket.socket, sink: int) -> bool:
    """What the guest said goes to the terminal; returns whether more can come."""
    try:
        data = stream.recv(65536)
    except OSError:
        return False
    while data:
        written = os.write(sink, data)
        if written == len(data):
            return True
        data = data[written:]
    return False


@contextlib.contextmanager
def raw_terminal(descriptor: int) -> Iterator[None]:
    """Keys arrive one by one and unchanged; afterwards the terminal is as it was."""
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
