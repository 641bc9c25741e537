# SPDX-License-Identifier: MIT
"""Going on in the background, once it is known whether the start succeeded."""

from __future__ import annotations

import os
import sys

from host.base.codes import Code, report

SUCCESS = b"0"


class Daemon:
    """We, in the background; the process that was started still waits to hear from us."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def ready(self, text: str) -> None:
        """The waiting process prints the text and ends with success."""
        self._tell(SUCCESS + text.encode())

    def failed(self, code: int, sentence: str) -> None:
        """The waiting process prints the sentence and exits with the code, if it still runs."""
        self._tell(f"{code} {sentence}".encode())

    def _tell(self, message: bytes) -> None:
        if self._pipe < 0:
            return
        try:
            os.write(self._pipe, message)
        except OSError:
            pass
        os.close(self._pipe)
        self._pipe = -1


def detach(tool: str) -> Daemon:
    """Forks. In the child, with a session of its own and no terminal, it returns the Daemon; in
    the parent it never returns: that hears what the child has to say, and ends.

    Locks on open files go to the child, which must not have been given up by then.
    """
    hear, tell = os.pipe()
    if os.fork():
        os.close(tell)
        try:
            _hear(tool, hear)
        finally:
            os._exit(Code.EMULATOR)  # interrupted: what we hold is the child's by now
    os.close(hear)
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    return Daemon(tell)


def _hear(tool: str, pipe: int) -> None:
    with os.fdopen(pipe, "rb") as file:
        message = file.read()
    if message.startswith(SUCCESS):
        print(message[1:].decode(), flush=True)
        os._exit(Code.SUCCESS)
    code, _, sentence = message.decode().partition(" ")
    report(tool, sentence or "it ended while it started")
    sys.stderr.flush()
    os._exit(int(code) if code else Code.EMULATOR)
