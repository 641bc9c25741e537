# SPDX-License-Identifier: MIT
"""The installer's protocol, version 1, as it is read from both of its channels.

Pure: bytes in, events and a verdict out; no file, no process, no clock. What the guest says is
foreign text. Lines are bounded, what does not fit the protocol is passed over, and every text
that leaves this module is harmless to a terminal: printable ASCII.

The serial console carries the protocol's lines among much else; the virtio-serial port
org.guest-installer.0 carries the same events as JSON, one object a line.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

from host.base.codes import Code, Failure

PROTOCOL = 1
LONGEST_LINE = 16384  # bytes; the installer's own are at most 2560, JSON escapes make them longer
LONGEST_TEXT = 2560
MOST_RESULTS = 256


@dataclass(frozen=True)
class Hello:
    """The installer's first word on the port."""

    protocol: int
    version: str


@dataclass(frozen=True)
class Progress:
    """Where the installation is: percent of the whole, bytes of the stage where they are known."""

    stage: str
    percent: int
    text: str
    done: Optional[int] = None
    total: Optional[int] = None


@dataclass(frozen=True)
class Result:
    """One thing that the host may want to know."""

    key: str
    value: str


@dataclass(frozen=True)
class Failed:
    """A verdict. The code is the installer's, 1 to 79; 0 if the line made no sense."""

    code: int
    stage: str
    text: str


@dataclass(frozen=True)
class Successful:
    """The other verdict."""


Verdict = Union[Failed, Successful]
Event = Union[Hello, Progress, Result, Failed, Successful]


def harmless(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text without anything that a terminal would obey, or show in an odd way."""
    return "".join(c if " " <= c <= "~" else "?" for c in text[:longest])


def read_serial_line(line: bytes) -> Optional[Event]:
    """The event of one line of the console without its newline; None for all other lines."""
    text = line.replace(b"\r", b"").replace(b"\0", b"").decode("utf-8", "replace")
    if re.match(r"INSTALL_SUCCESSFUL\b", text, re.ASCII):
        return Successful()
    if match := re.match(r"INSTALL_FAILED\b(.*)", text, re.ASCII):
        return _read_failed(match[1])
    if match := re.match(
        r"INSTALL_PROGRESS ([a-z-]{1,32}) ([0-9]{1,3})(?: (.*))?$", text, re.ASCII
    ):
        return Progress(match[1], min(int(match[2]), 100), harmless(match[3] or ""))
    if match := re.match(r"INSTALL_RESULT ([a-z0-9-]{1,64})=(.*)$", text, re.ASCII):
        return Result(match[1], harmless(match[2]))
    return None


def _read_failed(rest: str) -> Failed:
    match = re.match(r" code=([0-9]{1,3}) stage=([a-z-]{1,32})(?: (.*))?$", rest, re.ASCII)
    if match and 1 <= int(match[1]) <= 79:
        return Failed(int(match[1]), match[2], harmless(match[3] or ""))
    return Failed(0, "", harmless(f"INSTALL_FAILED{rest}"))


def read_json_line(line: bytes) -> Optional[Event]:
    """The event of one line of the port; None if it is no object of the protocol."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    name = value.get("event")
    reader = _JSON_EVENTS.get(name) if isinstance(name, str) else None
    return reader(value) if reader else None


def _text(value: Any) -> Optional[str]:
    return harmless(value) if isinstance(value, str) else None


def _word(value: Any) -> Optional[str]:
    return value if isinstance(value, str) and re.fullmatch(r"[a-z0-9-]{1,64}", value) else None


def _number(value: Any, most: int) -> Optional[int]:
    return value if type(value) is int and 0 <= value <= most else None


def _json_hello(value: dict[str, Any]) -> Optional[Event]:
    protocol = _number(value.get("protocol"), 1 << 31)
    return None if protocol is None else Hello(protocol, _text(value.get("version")) or "")


def _json_progress(value: dict[str, Any]) -> Optional[Event]:
    stage, percent = _word(value.get("stage")), _number(value.get("percent"), 100)
    if stage is None or percent is None:
        return None
    done, total = (_number(value.get(key), 1 << 62) for key in ("bytes", "total_bytes"))
    return Progress(stage, percent, _text(value.get("text")) or "", done, total)


def _json_result(value: dict[str, Any]) -> Optional[Event]:
    key, text = _word(value.get("key")), _text(value.get("value"))
    return None if key is None or text is None else Result(key, text)


def _json_failed(value: dict[str, Any]) -> Event:
    code, stage = _number(value.get("code"), 79), _word(value.get("stage"))
    if not code or stage is None:
        return Failed(0, "", harmless(json.dumps(value)))
    return Failed(code, stage, _text(value.get("text")) or "")


_JSON_EVENTS: dict[str, Callable[[dict[str, Any]], Optional[Event]]] = {
    "hello": _json_hello,
    "progress": _json_progress,
    "result": _json_result,
    "failed": _json_failed,
    "successful": lambda value: Successful(),
}


class Channel:
    """What one channel has said so far: its results, and its verdict, the last one of all."""

    def __init__(self, read_line: Callable[[bytes], Optional[Event]]) -> None:
        self.verdict: Optional[Verdict] = None
        self.results: list[Result] = []
        self.foreign_protocol: Optional[int] = None
        self._read_line = read_line
        self._rest = b""
        self._overlong = False

    def feed(self, data: bytes) -> list[Event]:
        """Takes what has arrived, in pieces of any size; returns the events that it completed.

        An incomplete last line counts for nothing, one longer than LONGEST_LINE neither.
        """
        *lines, rest = data.split(b"\n")
        events: list[Event] = []
        for line in lines:
            whole, self._rest = self._rest + line, b""
            if not self._overlong and len(whole) <= LONGEST_LINE:
                event = self._read_line(whole)
                if event is not None and self._take(event):
                    events.append(event)
            self._overlong = False
        self._rest += rest
        if len(self._rest) > LONGEST_LINE:
            self._rest, self._overlong = b"", True
        return events

    def _take(self, event: Event) -> bool:
        if isinstance(event, Hello) and event.protocol != PROTOCOL:
            self.foreign_protocol = event.protocol
        if self.foreign_protocol is not None:
            return False
        if isinstance(event, (Failed, Successful)):
            self.verdict = event
        elif isinstance(event, Result):
            if len(self.results) >= MOST_RESULTS:
                return False
            self.results.append(event)
        return True


def agree(serial: Channel, port: Channel) -> Optional[Verdict]:
    """The verdict of the two channels, None if neither has one.

    One channel alone is believed: a flood of other messages, or an installer without the port,
    may have kept the other from it. Raises Failure(CONTRADICTION) if they differ in more than words.
    """
    one, other = serial.verdict, port.verdict
    if one is None or other is None:
        return one or other
    if isinstance(one, Successful) and isinstance(other, Successful):
        return one
    if isinstance(one, Failed) and isinstance(other, Failed):
        if one.code == other.code or not one.code:
            return other
        if not other.code:
            return one
    raise Failure(
        Code.CONTRADICTION,
        f"the serial console says '{describe(one)}' and the virtio-serial port "
        f"'{describe(other)}'; neither is believed",
    )


def require_success(serial: Channel, port: Channel) -> None:
    """Raises Failure with the installer's code and sentence, or CONTRADICTION, or NO_VERDICT."""
    verdict = agree(serial, port)
    if verdict is None:
        raise Failure(Code.NO_VERDICT, "the installer ended without a verdict")
    if isinstance(verdict, Failed):
        if not verdict.code:
            raise Failure(Code.NO_VERDICT, f"the verdict makes no sense: {verdict.text}")
        raise Failure(verdict.code, f"{verdict.stage}: {verdict.text}")


def describe(verdict: Optional[Verdict]) -> str:
    """A few words for a verdict, for people and the verdict file."""
    if verdict is None:
        return "nothing"
    if isinstance(verdict, Successful):
        return "successful"
    return f"failed with code {verdict.code}" if verdict.code else "failed without a sensible code"


def results(serial: Channel, port: Channel) -> list[Result]:
    """The results of the channel that said more, which is the one that lost nothing."""
    return max(port.results, serial.results, key=len)
