# SPDX-License-Identifier: MIT
"""What the user sees of an installation: a bar on a terminal, plain lines elsewhere, or JSON.

JSON events go to the standard output, everything for people to the standard error, except for the
result.
"""

from __future__ import annotations

import json
import os
from typing import Any, Optional

from host.protocol.deadlines import Deadlines
from host.base.version import name_of
from host.base.notify import notify
from host.base.output import Output
from host.protocol.verdict import Event, Failed, Hello, Progress, Result, Successful

STDOUT, STDERR = 1, 2
DRAIN_SECONDS = 5
STAGE_COLUMNS = 13  # "configuration"
MIB = 1 << 20


def render_time(seconds: float) -> str:
    """Minutes and seconds, with hours where they are needed."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def render_bytes(progress: Progress) -> str:
    """What of how much, or nothing."""
    if progress.done is None or not progress.total:
        return ""
    return f"{progress.done // MIB}/{progress.total // MIB} MiB"


def render_bar(deadlines: Deadlines, columns: int) -> str:
    """One line, shorter than so many columns; what has no room is left out, the bar last."""
    progress, left = deadlines.last, deadlines.left()
    time = f"{render_time(left)} left" if left is not None else render_time(deadlines.elapsed())
    head = f"{progress.percent:3}% {progress.stage[:STAGE_COLUMNS]:{STAGE_COLUMNS}}"
    for tail in (f" {render_bytes(progress):>13} {time:>12}", f" {time:>9}", ""):
        room = columns - 1 - len(head) - len(tail) - len(" []")
        if room >= 8:
            room = min(room, 40)
            full = room * progress.percent // 100
            return f"{head} [{'#' * full}{'.' * (room - full)}]{tail}"
    return head.rstrip()[: max(columns - 1, 0)]


def render_event(event: Event) -> dict[str, Any]:
    """The event as an object of the protocol."""
    if isinstance(event, Hello):
        return {"event": "hello", "protocol": event.protocol, "version": event.version}
    if isinstance(event, Result):
        return {"event": "result", "key": event.key, "value": event.value}
    if isinstance(event, Failed):
        return {"event": "failed", "code": event.code, "stage": event.stage, "text": event.text}
    if isinstance(event, Successful):
        return {"event": "successful"}
    value = {
        "event": "progress",
        "stage": event.stage,
        "percent": event.percent,
        "text": event.text,
    }
    if event.done is not None:
        value["bytes"] = event.done
    if event.total is not None:
        value["total_bytes"] = event.total
    return value


def is_terminal(descriptor: int) -> bool:
    """Whether a bar can be drawn there."""
    return os.isatty(descriptor) and os.environ.get("TERM", "dumb") != "dumb"


class Display:
    """The user's view. Nothing here waits but `close`, and that not long."""

    def __init__(self, tool: str, *, as_json: bool = False, quiet: bool = False) -> None:
        self._tool = name_of(tool)
        self._json, self._quiet = as_json, quiet
        self._out = Output(STDOUT)
        self._err = Output(STDERR)
        self._bar = is_terminal(STDERR) and not quiet
        self._colour = self._bar and not os.environ.get("NO_COLOR")
        self._drawn = False
        self._said = ""
        self._deadlines: Optional[Deadlines] = None
        self._results: set[tuple[str, str]] = set()

    def follow(self, deadlines: Deadlines) -> None:
        """From now on progress is this deadlines's."""
        self._deadlines = deadlines

    def outputs(self) -> list[Output]:
        """Streams that wait for their reader."""
        return [output for output in (self._out, self._err) if output.pending()]

    def take(self, event: Event) -> None:
        """Shows what the installer said, once though two channels say it."""
        if isinstance(event, Progress):
            if not self._deadlines or not self._deadlines.take(event):
                return
            self._show_progress(event)
        elif isinstance(event, Result):
            if (event.key, event.value) in self._results:
                return
            self._results.add((event.key, event.value))
        elif not isinstance(event, Hello):
            return  # the verdict is told when both channels have spoken
        if self._json:
            self._emit(render_event(event), passing=isinstance(event, Progress))

    def event(self, name: str, **fields: object) -> None:
        """One of our own events, for those who read JSON."""
        if self._json:
            self._emit({"event": name, **fields})

    def tick(self) -> None:
        """Draws the bar anew: time passes also where nothing is said."""
        if self._bar and self._deadlines:
            columns = self._columns()
            line = render_bar(self._deadlines, columns)
            if self._colour:
                line = line.replace("[", "[\033[32m", 1).replace("]", "\033[0m]", 1)
            self._err.write(f"\r{line}\033[K", passing=True)
            self._drawn = True

    def report(self, sentence: str) -> None:
        """A sentence for the user."""
        self._clear()
        self._err.write(f"{self._tool}: {sentence}\n")

    def print_result(self, sentence: str) -> None:
        """Prints the result of a success, the only line on the standard output, unless JSON is printed."""
        self._clear()
        if not self._json and not self._quiet:
            self._out.write(f"{sentence}\n")

    def close(self) -> None:
        """Waits a little for those who read slowly."""
        self._clear()
        for output in (self._err, self._out):
            output.drain(DRAIN_SECONDS)

    def _show_progress(self, progress: Progress) -> None:
        notify(f"STATUS=installing: {progress.percent}% {progress.stage}")
        if self._bar:
            self.tick()
        elif not self._quiet and not self._json:
            line = f"{progress.percent}% {progress.stage}: {progress.text}\n"
            if line != self._said:
                self._said = line
                self._err.write(line)

    def _emit(self, value: dict[str, Any], *, passing: bool = False) -> None:
        self._out.write(json.dumps(value) + "\n", passing=passing)

    def _clear(self) -> None:
        self._deadlines = None
        if self._drawn:
            self._err.write("\r\033[K")
            self._drawn = False

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(STDERR).columns or 80
        except OSError:
            return 80
