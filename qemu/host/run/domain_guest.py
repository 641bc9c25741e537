# SPDX-License-Identifier: MIT
"""An installed guest under libvirt as run-guest runs it: started, followed, asked to power off.

The domain belongs to libvirt: it goes on if this process is killed, and the next call finds it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from typing import Any, Callable, Optional

from host.base import process, terminal
from host.base.codes import Code, Failure, report
from host.base.deadline import Deadline
from host.base.files import PRIVATE
from host.base.notify import notify
from host.libvirt import xml
from host.libvirt.connection import Connection
from host.libvirt.libvirt_machine import DomainEnd
from host.libvirt.streams import StreamSocket
from host.run.domain_options import DomainOptions

TOOL = "run-guest"
BUTTON_SECONDS = 10
READ_BYTES = 65536
WATCH_SECONDS = 3600
NOT_RUNNING = 3
# Waits for the domain's end for so many seconds; returns whether it came.
Wait = Callable[[float], bool]


def run(options: DomainOptions, install: Callable[[DomainOptions], None]) -> int:
    """Does what the options say; returns the exit status. `install` makes a guest that there is
    none of yet."""
    with Connection(options.connect) as connection:
        domain = _find(connection, options)
        if options.task == "status":
            return _print_status(connection, options, domain)
        if domain is not None:
            return _use(connection, options, domain)
    if options.task == "stop" or not options.installs:
        raise Failure(
            Code.MISUSE,
            f"{connection.shown} has no domain {options.name}; with --iso and --key, it would be made",
        )
    install(options)
    with Connection(options.connect) as connection:
        domain = _find(connection, options)
        if domain is None:
            raise Failure(Code.EMULATOR, f"the domain {options.name} is not defined any more")
        return _use(connection, options, domain)


def _find(connection: Connection, options: DomainOptions) -> Any:
    """The guest's domain or None; Failure(MISUSE) if another one has its name."""
    with connection.says(f"cannot look for the domain {options.name}"):
        domain = connection.find_domain(options.name)
        text = domain.XMLDesc(0) if domain is not None else ""
    if domain is not None and xml.find_volume(text) != (options.pool, options.volume):
        raise Failure(
            Code.MISUSE,
            f"the domain {options.name} is not that of the volume {options.volume} in the pool "
            f"{options.pool}: give --name and --pool as at the installation",
        )
    return domain


def _is_active(connection: Connection, domain: Any) -> bool:
    with connection.says("cannot ask for the state of a domain"):
        return bool(domain.isActive())


def _print_status(connection: Connection, options: DomainOptions, domain: Any) -> int:
    runs = domain is not None and _is_active(connection, domain)
    if options.json:
        print(json.dumps({"domain": options.name, "connect": connection.shown, "runs": runs}))
    else:
        print(f"{options.name} {'runs' if runs else 'does not run'} on {connection.shown}")
    return Code.SUCCESS if runs else NOT_RUNNING


def _use(connection: Connection, options: DomainOptions, domain: Any) -> int:
    """A domain that runs already, such as one whose run-guest was killed, is followed."""
    runs = _is_active(connection, domain)
    if options.task == "stop":
        if runs:
            with contextlib.closing(DomainEnd(connection, domain)) as end:
                _stop(connection, options, domain, end.wait)
        return Code.SUCCESS
    if options.task == "daemon":
        with connection.says(f"cannot start the domain {options.name}"):
            if not runs:
                domain.create()
            _resume(connection, domain)
        print(_greeting(connection, options), flush=True)
        return Code.SUCCESS
    return _follow(connection, options, domain, runs)


def _resume(connection: Connection, domain: Any) -> None:
    """A domain that was started paused, and that run-guest may have left so when it was killed."""
    if domain.state()[0] == connection.library.VIR_DOMAIN_PAUSED:
        domain.resume()


def _greeting(connection: Connection, options: DomainOptions) -> str:
    return f"{options.name} runs on {connection.shown}"


def _follow(connection: Connection, options: DomainOptions, domain: Any, runs: bool) -> int:
    """From the start of the domain, or from now on, to its end."""
    library = connection.library
    stack = contextlib.ExitStack()
    screen: Optional[_Screen] = None
    try:
        with connection.says(f"cannot start the domain {options.name}"):
            if not runs:
                domain.createWithFlags(library.VIR_DOMAIN_START_PAUSED)
            end = stack.enter_context(contextlib.closing(DomainEnd(connection, domain)))
            console = StreamSocket(
                connection,
                lambda stream: domain.openConsole(None, stream, library.VIR_DOMAIN_CONSOLE_FORCE),
            )
            stack.callback(console.close)
            _resume(connection, domain)
        notify(f"READY=1\nSTATUS={_greeting(connection, options)}")
        report(TOOL, _greeting(connection, options))
        try:
            if options.task == "console":
                report(TOOL, "Ctrl-] leaves the console")
                terminal.attach(console.ours)
                if not runs:
                    _stop(connection, options, domain, end.wait)
            else:
                screen = _Screen(options, console, end)
                while not screen.wait(WATCH_SECONDS):
                    pass
        except process.Interrupted:
            process.raise_on_signals()  # the second signal ends the domain at once
            notify("STOPPING=1\nSTATUS=the guest powers off")
            _interrupted(connection, options, domain, screen.wait if screen else end.wait)
        return _judge(connection, options, end)
    finally:
        stack.close()


def _interrupted(connection: Connection, options: DomainOptions, domain: Any, wait: Wait) -> None:
    try:
        _stop(connection, options, domain, wait)
    except process.Interrupted:
        _destroy(connection, domain)
        raise
    finally:
        process.ignore_signals()


class _Screen:
    """Shows the console on the standard output or in the log."""

    def __init__(self, options: DomainOptions, console: StreamSocket, end: DomainEnd) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        log = options.log
        self._sink = os.open(log, flags, PRIVATE) if log else sys.stdout.fileno()
        self._console, self._end = console, end
        self._poll = select.poll()
        self._poll.register(console.ours, select.POLLIN)
        self._poll.register(end, select.POLLIN)

    def wait(self, seconds: float) -> bool:
        """Copies what comes; whether the domain ended within the seconds, and all has arrived."""
        deadline = Deadline(seconds)
        while True:
            ready = [descriptor for descriptor, _ in self._poll.poll(deadline.left() * 1000)]
            if self._console.ours.fileno() in ready:
                if not self._copy():
                    self._poll.unregister(self._console.ours)
            elif ready:
                return True
            elif deadline.passed():
                return False

    def _copy(self) -> bool:
        """Copies what is there; False at the console's end."""
        data = self._console.ours.recv(READ_BYTES)
        left = data
        while left:
            left = left[os.write(self._sink, left) :]
        return bool(data)


def _stop(connection: Connection, options: DomainOptions, domain: Any, wait: Wait) -> None:
    """Presses the power button until the domain has ended; Failure(DEADLINE) if that does not help
    in time."""
    if not _is_listed_active(connection, domain):
        return
    report(TOOL, "pressing the guest's power button")
    deadline = Deadline(options.stop_timeout)
    while _is_listed_active(connection, domain) and not deadline.passed():
        with contextlib.suppress(connection.library.libvirtError):
            domain.shutdown()  # a guest that still boots may have missed the last one
        if wait(min(BUTTON_SECONDS, deadline.left())):
            return
    if _is_listed_active(connection, domain):
        _destroy(connection, domain)
        seconds = options.stop_timeout
        raise Failure(Code.DEADLINE, f"the guest did not power off in {seconds} s")


def _is_listed_active(connection: Connection, domain: Any) -> bool:
    try:
        return bool(domain.isActive())
    except connection.library.libvirtError:
        return False


def _destroy(connection: Connection, domain: Any) -> None:
    with contextlib.suppress(connection.library.libvirtError):
        domain.destroy()


def _judge(connection: Connection, options: DomainOptions, end: DomainEnd) -> int:
    """The exit status by the reason of the domain's end; none where the user left its console."""
    reason: Optional[str] = end.reason
    if reason in (None, "shutdown"):
        return Code.SUCCESS
    if reason == "destroyed":
        raise Failure(Code.DEADLINE, "the guest was ended before it had powered off")
    if reason == "lost":
        raise Failure(
            Code.EMULATOR,
            f"the connection to {connection.shown} was lost; {options.name} may run on",
        )
    raise Failure(Code.EMULATOR, f"QEMU failed in the domain {options.name}")
