# SPDX-License-Identifier: MIT
"""Child processes that cannot outlive us: started, waited for with a deadline, ended by their id.

A child is killed by the kernel when the thread that started it dies, however that happens, so
children are started from the main thread only.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
from types import FrameType
from typing import Callable, IO, Optional, Sequence, Union

from host.base.codes import Code, Failure
from host.base.deadline import Deadline

PR_SET_PDEATHSIG = 1
LONGEST_POLL = (1 << 31) - 1  # milliseconds, three weeks
Stream = Union[None, int, IO[bytes]]

_libc = ctypes.CDLL(None, use_errno=True)


class Interrupted(Exception):
    """A signal asked us to end; `number` says which. The exit status is 128 and the number."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def raise_on_signals() -> None:
    """From now on INT, TERM and HUP raise Interrupted in the main thread: the first of them, so
    that no other one breaks into what it makes us clean up."""

    def interrupt(number: int, _frame: Optional[FrameType]) -> None:
        ignore_signals()
        raise Interrupted(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def ignore_signals() -> None:
    """From now on INT, TERM and HUP do nothing: what is being cleaned up is cleaned up whole."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _tie(parent: int) -> Callable[[], None]:
    """What a child does before it becomes another program: it ties its life to ours."""

    def tie() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        if _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            os._exit(126)
        if os.getppid() != parent:  # we died before the tie was made
            os._exit(126)

    return tie


class Child:
    """A running child process. `keep` are descriptors it inherits besides the three streams."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = None,
        stderr: Stream = None,
        keep: Sequence[int] = (),
        session: bool = False,
        folder: Optional[str] = None,
        environment: Optional[dict[str, str]] = None,
    ) -> None:
        """With `session`, the terminal's interrupt does not reach the child; it is ours to pass on.
        `folder` is where it begins to work.

        Raises Failure(EMULATOR) if the program cannot be started.
        """
        self.name = os.path.basename(arguments[0])
        try:
            self._process = subprocess.Popen(
                list(arguments),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=list(keep),
                start_new_session=session,
                cwd=folder,
                env=environment,
                preexec_fn=_tie(os.getpid()),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise Failure(
                Code.EMULATOR,
                f"cannot start {self.name}: {getattr(error, 'strerror', None) or error}",
            ) from error
        self.pid = self._process.pid
        self._descriptor = os.pidfd_open(self.pid)

    def fileno(self) -> int:
        """A descriptor that select and poll find readable when the child has ended."""
        return self._descriptor

    @property
    def pipes(self) -> tuple[Optional[IO[bytes]], Optional[IO[bytes]], Optional[IO[bytes]]]:
        """Our ends of the streams that were given as subprocess.PIPE."""
        return self._process.stdin, self._process.stdout, self._process.stderr

    def wait(self, seconds: Optional[float] = None) -> Optional[int]:
        """Waits for the child's end; returns its status, negative for a signal, or None if the
        seconds passed before. Without seconds it waits for ever."""
        if self._process.returncode is None:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLIN)
            if not poll.poll(None if seconds is None else min(seconds * 1000, LONGEST_POLL)):
                return None
        return self._process.wait()

    def runs(self) -> bool:
        """Whether the child still runs."""
        return self.wait(0) is None

    def read(self, seconds: float) -> Optional[bytes]:
        """Everything that the child says on its piped standard output until it closes that, or
        None if the seconds passed before."""
        return self._read(seconds, lambda data: False)

    def read_line(self, seconds: float) -> Optional[bytes]:
        """As read, but its first line at most, as far as it came in one go."""
        return self._read(seconds, lambda data: b"\n" in data)

    def _read(self, seconds: float, enough: Callable[[bytes], bool]) -> Optional[bytes]:
        pipe = self._process.stdout
        assert pipe
        deadline = Deadline(seconds)
        data = b""
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        while not enough(data):
            if not poll.poll(deadline.left() * 1000):
                return None
            part = os.read(pipe.fileno(), 65536)
            if not part:
                break
            data += part
        return data

    def end(self, patience: float = 10) -> int:
        """Asks the child to end, insists after `patience` seconds; returns its status."""
        if self.runs():
            self._process.terminate()
            if self.wait(patience) is None:
                self._process.kill()
        return self._process.wait()

    def kill(self) -> int:
        """Ends the child at once; returns its status."""
        return self.end(0)

    def close(self) -> None:
        """Ends the child if need be, and gives its descriptors back."""
        self.end()
        for pipe in self.pipes:
            if pipe:
                pipe.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def run(
    arguments: Sequence[str],
    seconds: float,
    *,
    environment: Optional[dict[str, str]] = None,
    folder: Optional[str] = None,
) -> tuple[int, str]:
    """Runs a short program; returns its status and what it said on both streams, as text.

    Raises Failure(DEADLINE) when the seconds have passed; the program is ended then.
    """
    deadline = Deadline(seconds)
    child = Child(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        environment=environment,
        folder=folder,
    )
    try:
        text = child.read(deadline.left())
        status = None if text is None else child.wait(deadline.left())
        if text is None or status is None:
            raise Failure(Code.DEADLINE, f"{child.name} did not end in {seconds:g} s")
        return status, text.decode(errors="replace")
    finally:
        child.end(1)
        child.close()
