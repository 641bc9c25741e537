# SPDX-License-Identifier: MIT
"""What one process can ask of a guest that another one keeps: whether it runs, and its end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
from typing import Any, Optional

from host.base import lock, sockets
from host.base.codes import Code, Failure, report
from host.base.deadline import Deadline
from host.run.debug import write_dump
from host.run.guest import BUTTON_SECONDS, CONSOLE, MONITOR, STATE, TOOL
from host.qemu.qmp import Monitor, MonitorClosed, MonitorError, MonitorTimeout

NOT_RUNNING = 3  # as systemctl and init scripts say it
END_SECONDS = 20


class Running:
    """A guest that runs, and what its keeper wrote about it."""

    def __init__(self, folder: str, state: dict[str, Any]) -> None:
        self.folder, self.state = folder, state
        self.keeper = int(state["pid"])
        self.ssh_command = str(state["ssh_command"])

    def console(self) -> socket.socket:
        """A connection to its serial console; Failure(BUSY) if another process has it."""
        try:
            return sockets.connect(os.path.join(self.folder, CONSOLE), 5)
        except OSError as error:
            message = f"cannot have its console: {error.strerror or error}"
            raise Failure(Code.BUSY, message) from error


def find(disk: str) -> Optional[Running]:
    """The guest of that disk, or None; Failure(BUSY) if something else holds the disk."""
    held, folder = lock.inspect(lock.path_of(disk))
    if not held:
        return None
    try:
        if not folder:
            raise ValueError("its run folder is not ours")
        with open(os.path.join(folder, STATE), encoding="utf-8") as file:
            return Running(folder, json.load(file))
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{disk} is in use, and not by a guest that runs: it starts, ends or is installed"
        raise Failure(Code.BUSY, message) from error


def print_status(disk: str, as_json: bool) -> int:
    """Prints whether the guest runs; returns the exit status."""
    guest = find(disk)
    if as_json:
        fields = guest.state if guest else {"disk": disk}
        state = "running" if guest else "stopped"
        more = {"run": guest.folder} if guest else {}
        print(json.dumps({"state": state, **fields, **more}))
    elif guest:
        print(f"running, pid {guest.keeper}\n{guest.ssh_command}")
    else:
        print("stopped")
    return Code.SUCCESS if guest else NOT_RUNNING


def dump(disk: str, path: str) -> int:
    """Writes the memory of the running guest to the new file `path`; returns the exit status."""
    guest = find(disk)
    if not guest:
        report(TOOL, f"{disk} does not run")
        return NOT_RUNNING
    try:
        with Monitor.connect(os.path.join(guest.folder, MONITOR), 10) as monitor:
            write_dump(monitor, path)
    except MonitorError as error:
        raise Failure(Code.EMULATOR, f"cannot ask the guest's QEMU: {error}") from error
    return Code.SUCCESS


def stop(disk: str, seconds: float) -> int:
    """Presses the power button, waits until the guest is off and its keeper gone; returns the exit
    status. Failure(DEADLINE) if it had to be ended."""
    guest = find(disk)
    if not guest:
        report(TOOL, f"{disk} does not run")
        return Code.SUCCESS
    try:
        keeper = os.pidfd_open(guest.keeper)
    except ProcessLookupError:
        return Code.SUCCESS
    try:
        if _power_off(guest, seconds) and _ends(keeper):
            return Code.SUCCESS
        _quit(guest, keeper)
    finally:
        os.close(keeper)
    raise Failure(Code.DEADLINE, f"the guest did not power off in {seconds:g} s; it was ended")


def _power_off(guest: Running, seconds: float) -> bool:
    """Whether QEMU has ended in time after the button was pressed."""
    deadline = Deadline(seconds)
    try:
        with Monitor.connect(os.path.join(guest.folder, MONITOR), min(seconds, 10)) as monitor:
            while not deadline.passed():
                monitor.execute("system_powerdown", seconds=min(seconds, 10))
                with contextlib.suppress(MonitorTimeout):
                    monitor.wait_event((), min(BUTTON_SECONDS, deadline.left()))
    except MonitorClosed:
        return True
    except MonitorError:
        pass
    return False


def _quit(guest: Running, keeper: int) -> None:
    """Ends QEMU by its monitor. If the monitor does not respond, kills the keeper, which ends QEMU."""
    with contextlib.suppress(MonitorError):
        with Monitor.connect(os.path.join(guest.folder, MONITOR), 5) as monitor:
            monitor.execute("quit", seconds=5)
    if not _ends(keeper):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(keeper, signal.SIGKILL)


def _ends(keeper: int) -> bool:
    """Waits until the keeper has ended, so that the next start finds the lock free."""
    poll = select.poll()
    poll.register(keeper, select.POLLIN)
    return bool(poll.poll(END_SECONDS * 1000))
