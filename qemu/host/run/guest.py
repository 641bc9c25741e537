# SPDX-License-Identifier: MIT
"""One installed guest that runs: QEMU is started, watched and ended here.

The process that has started it is its keeper: QEMU dies with it. The run folder holds `state.json`,
from which other processes learn of the guest, and the sockets `monitor` (QMP) and, where nobody
sees the console otherwise, `console`.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
from typing import Any, Optional

from host.base import sockets
from host.base.codes import Code, Failure, report
from host.base.deadline import Deadline
from host.qemu.emulation import forwarded_port
from host.qemu.emulator import log_tail, machine_arguments, quote
from host.run.devices import (
    hold_devices,
    more_disks,
    network_cards,
    root_disk,
    screen,
    usb_devices,
)
from host.run.kernel import all_shares, kernel_arguments
from host.run.options import GuestOptions, is_size
from host.base.process import Child
from host.qemu.qmp import Monitor, MonitorClosed, MonitorError, MonitorTimeout
from host.run.share import Shares, choose_transport

TOOL = "run-guest"
STATE, MONITOR, CONSOLE = "state.json", "monitor", "console"
BUTTON_SECONDS = 10
FORCED = ("host-qmp-quit", "host-signal")  # why QEMU ended, where it was not the guest's doing


class Guest:
    """A guest of `options` on the existing disk, with its files in the private folder `run`."""

    def __init__(self, options: GuestOptions, disk: str, run: str) -> None:
        self.options, self.disk, self.run = options, disk, run
        self.ssh_port = 0
        self.transport = ""
        self.console: Optional[socket.socket] = None
        self._child: Optional[Child] = None
        self._monitor: Optional[Monitor] = None
        self._shares: Optional[Shares] = None
        self._devices: list[int] = []

    def start(self) -> None:
        """Returns when QEMU runs and tells its SSH port; Failure(EMULATOR) with its reason."""
        options = self.options
        shares = all_shares(options)
        self.transport = choose_transport(options.share_by, shares) if shares else ""
        kernel = (
            kernel_arguments(options, self.disk, self.transport, self.run) if options.kernel else []
        )
        paths = [disk for disk in options.disks if not is_size(disk)]
        self._devices = hold_devices([self.disk, *paths])
        disks, files = more_disks(options)
        self._shares = Shares(shares, self.transport, options.machine, self.run)
        ours, theirs = socket.socketpair()
        listeners = [sockets.listen(os.path.join(self.run, MONITOR))]
        arguments = [
            *machine_arguments(options.machine, self.run, options=self._shares.machine_options),
            *self._console(listeners),
            *_monitors(theirs, listeners[0]),
            *root_disk(self.disk, options.snapshot, boots=not options.kernel),
            *disks,
            *network_cards(options),
            *self._shares.arguments,
            *usb_devices(options),
            *screen(options.vnc),
            *kernel,
            *(["-no-reboot"] if options.run else []),
            "-S",  # until its monitor has answered, and there is somebody to see
        ]
        streams = [theirs, *listeners]
        keep = [stream.fileno() for stream in streams] + [file.fileno() for file in files]
        self._spawn(arguments, keep + self._shares.keep)
        for stream in streams:
            stream.close()
        for file in files:
            file.close()
        self._shares.started()
        self._greet(ours)
        self._write_state()
        if options.console:
            self.console = sockets.connect(os.path.join(self.run, CONSOLE), 10)
        self._command("cont")

    def wait(self) -> None:
        """Returns when the guest has powered off; Failure if QEMU failed or was told to quit."""
        monitor, child = self._monitor, self._child
        assert monitor and child
        reason = ""
        try:
            while True:
                try:
                    event = monitor.wait_event(("SHUTDOWN",), 3600)
                    reason = str(event.get("data", {}).get("reason", ""))
                except MonitorTimeout:
                    pass
        except MonitorClosed:
            pass
        self._judge(child.wait(60))
        if reason in FORCED:
            raise Failure(Code.DEADLINE, "the guest was ended before it had powered off")

    def stop(self) -> None:
        """Presses the power button and waits; Failure(DEADLINE) if that does not help in time."""
        child = self._child
        if not child or not self._monitor:
            return
        report(TOOL, "pressing the guest's power button")
        deadline = Deadline(self.options.stop_timeout)
        status = None
        while status is None and not deadline.passed():
            with contextlib.suppress(Failure):  # a deaf QEMU is ended when the time is over
                self._command("system_powerdown")  # a guest that still boots may have missed it
            status = child.wait(min(BUTTON_SECONDS, deadline.left()))
        if status is None:
            seconds = self.options.stop_timeout
            raise Failure(Code.DEADLINE, f"the guest did not power off in {seconds} s")
        self._judge(status)

    def runs(self, seconds: float = 0) -> bool:
        """Whether QEMU runs, and goes on running for so long."""
        return self._child is not None and self._child.wait(seconds) is None

    def close(self) -> None:
        """Ends whatever still runs."""
        if self._child:
            self._child.close()
        if self._shares:
            self._shares.close()
        for device in self._devices:
            os.close(device)

    def ssh_command(self) -> str:
        """How to enter it, in one line."""
        if self.ssh_port:
            return f"ssh -p {self.ssh_port} {self.options.user}@127.0.0.1"
        return f"it is on {self.options.tap}" if self.options.tap else "it has no network"

    def console_log(self) -> str:
        """The file in which the console's words are, if they are in one."""
        return self.options.log or os.path.join(self.run, "console.log")

    def _command(self, name: str) -> None:
        """A command that a QEMU which has just ended need not obey."""
        assert self._monitor
        try:
            self._monitor.execute(name, seconds=BUTTON_SECONDS)
        except MonitorClosed:
            pass
        except MonitorError as error:
            raise Failure(Code.EMULATOR, str(error)) from error

    def _judge(self, status: Optional[int]) -> None:
        if status != 0:
            words = log_tail(os.path.join(self.run, "messages")) or "no reason given"
            raise Failure(Code.EMULATOR, f"QEMU failed ({status}): {words}")

    def _console(self, listeners: list[socket.socket]) -> list[str]:
        """To the standard output, into a file, or to whoever connects to the run folder's socket."""
        options = self.options
        log = quote(self.console_log())
        if options.daemon or options.console:
            listeners.append(sockets.listen(os.path.join(self.run, CONSOLE)))
            number = listeners[-1].fileno()
            to_log = f",logfile={log}" if options.log else ""
            backend = f"socket,id=console,fd={number},server=on,wait=off{to_log}"
        elif options.log or options.run:
            backend = f"file,id=console,path={log}"
        else:
            backend = "stdio,id=console,signal=off"
        return ["-chardev", backend, "-serial", "chardev:console"]

    def _spawn(self, arguments: list[str], keep: list[int]) -> None:
        """A session of its own keeps the terminal's interrupt from QEMU; it is ours to pass on."""
        quiet = self.options.run or self.options.daemon or self.options.console
        with open(os.path.join(self.run, "messages"), "wb") as messages:
            self._child = Child(
                arguments,
                stdout=subprocess.DEVNULL if quiet else None,
                stderr=messages,
                keep=keep,
                session=True,
            )

    def _greet(self, stream: socket.socket) -> None:
        try:
            self._monitor = Monitor(stream, 60)
            if self.options.network == "user":
                self.ssh_port = forwarded_port(self._monitor)
        except MonitorClosed:
            assert self._child
            self._judge(self._child.wait(10) or -1)
        except MonitorError as error:
            raise Failure(Code.EMULATOR, str(error)) from error

    def _write_state(self) -> None:
        assert self._child
        state: dict[str, Any] = {
            "disk": self.disk,
            "pid": os.getpid(),
            "qemu_pid": self._child.pid,
            "ssh_command": self.ssh_command(),
            "ssh": None,
        }
        if self.ssh_port:
            user = self.options.user
            state["ssh"] = {"host": "127.0.0.1", "port": self.ssh_port, "user": user}
        path = os.path.join(self.run, STATE)
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(state, file)
        os.rename(path + ".new", path)


def _monitors(private: socket.socket, public: socket.socket) -> list[str]:
    """One monitor for us alone, and one for the other processes of the user."""
    return [
        *("-chardev", f"socket,id=monitor,fd={private.fileno()}"),
        *("-mon", "chardev=monitor,mode=control"),
        *("-chardev", f"socket,id=public,fd={public.fileno()},server=on,wait=off"),
        *("-mon", "chardev=public,mode=control"),
    ]
