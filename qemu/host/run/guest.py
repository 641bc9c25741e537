# SPDX-License-Identifier: MIT
"""One installed guest that runs: QEMU is started, watched and ended here.

The process that has started it is its keeper: QEMU dies with it. The run folder holds `state.json`,
from which other processes learn of the guest, and the sockets `monitor` (QMP) and, where the
console is shown nowhere else, `console`.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from typing import IO, Any, Optional, Union

from host.base import sockets
from host.run import boot_sector
from host.base.codes import Code, Failure, report
from host.base.deadline import Deadline
from host.qemu.qemu_process import Channels, QemuProcess
from host.qemu.emulator import log_tail, machine_arguments, quote
from host.run.debug import PANICKED, Debugging
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
from host.qemu.qmp import MonitorClosed, MonitorError, MonitorTimeout
from host.run.login import ssh_line
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
        self._debugging: Optional[Debugging] = None
        self._process: Optional[QemuProcess] = None
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
        if not options.kernel:
            boot_sector.check(self.disk, self.run)
        self._debugging = Debugging(options, self.disk)
        paths = [disk for disk in options.disks if not is_size(disk)]
        self._devices = hold_devices([self.disk, *paths])
        disks, files = more_disks(options)
        self._shares = Shares(shares, self.transport, options.machine, self.run)
        listeners = [sockets.listen(os.path.join(self.run, MONITOR))]
        arguments = [
            *machine_arguments(options.machine, self.run, options=self._shares.machine_options),
            *self._console(listeners),
            *_public_monitor(listeners[0]),
            *root_disk(self.disk, options.snapshot, boots=not options.kernel),
            *disks,
            *network_cards(options),
            *self._shares.arguments,
            *usb_devices(options),
            *screen(options.vnc, options.machine.architecture),
            *kernel,
            *(["-no-reboot"] if options.run else []),
            *self._debugging.arguments(),
            "-S",  # until its monitor has answered and the console has a reader
        ]
        inherited: list[Union[socket.socket, IO[bytes]]] = [*listeners, *files]
        try:
            self._process = QemuProcess(
                arguments,
                Channels(),
                self.run,
                keep=[*(stream.fileno() for stream in inherited), *self._shares.keep],
                shows_output=not (options.run or options.daemon or options.console),
            )
        finally:
            for stream in inherited:
                stream.close()
        self._shares.started()
        if options.network == "user":
            self.ssh_port = self._process.forwarded_port()
        self._write_state()
        if options.console:
            self.console = sockets.connect(os.path.join(self.run, CONSOLE), 10)
        if not options.debug.gdb_wait:
            self._command("cont")

    def wait(self) -> None:
        """Returns when the guest has powered off; Failure if QEMU failed or was told to quit."""
        process = self._process
        assert process
        reason = ""
        try:
            while True:
                try:
                    event = process.monitor.wait_event(("SHUTDOWN", PANICKED), 3600)
                    self.dump_if_panicked(str(event["event"]))
                    reason = str(event.get("data", {}).get("reason", ""))
                except MonitorTimeout:
                    pass
        except MonitorClosed:
            pass
        self._judge(process.wait(60))
        if reason in FORCED:
            raise Failure(Code.DEADLINE, "the guest was ended before it had powered off")

    def stop(self) -> None:
        """Presses the power button and waits; Failure(DEADLINE) if that does not help in time."""
        process = self._process
        if not process:
            return
        report(TOOL, "pressing the guest's power button")
        deadline = Deadline(self.options.stop_timeout)
        status = None
        while status is None and not deadline.passed():
            with contextlib.suppress(Failure):  # QEMU is ended at the deadline
                self._command("system_powerdown")  # a guest that still boots may have missed it
            status = process.wait(min(BUTTON_SECONDS, deadline.left()))
        if status is None:
            seconds = self.options.stop_timeout
            raise Failure(Code.DEADLINE, f"the guest did not power off in {seconds} s")
        self._judge(status)

    def runs(self, seconds: float = 0) -> bool:
        """Whether QEMU runs, and goes on running for so long."""
        process, debugging = self._process, self._debugging
        if not process or not process.runs(seconds):
            return False
        return not (debugging and debugging.panics(process))

    def dump_if_panicked(self, event: str = "") -> None:
        """After a panic that --dump-on-panic is for: Failure(NO_VERDICT), and QEMU has ended."""
        if self._process and self._debugging:
            self._debugging.dump_if_panicked(self._process, event)

    def close(self) -> None:
        """Ends whatever still runs."""
        if self._process:
            self._process.close()
        if self._shares:
            self._shares.close()
        for device in self._devices:
            os.close(device)

    def ssh_command(self) -> str:
        """How to log in, in one line."""
        if self.ssh_port:
            return ssh_line(self.ssh_port, self.options.user, f"{self.disk}.known_hosts")
        return f"it is on {self.options.tap}" if self.options.tap else "it has no network"

    def remarks(self) -> list[str]:
        """What else the user needs to know: what was chosen, and the commands for debuggers."""
        shared = [f"folders are shared by {self.transport}"] if self.transport else []
        return shared + (self._debugging.remarks() if self._debugging else [])

    def console_log(self) -> str:
        """The file in which the console's words are, if they are in one."""
        return self.options.log or os.path.join(self.run, "console.log")

    def _command(self, name: str) -> None:
        """A command that a QEMU which has just ended need not obey."""
        assert self._process
        try:
            self._process.monitor.execute(name, seconds=BUTTON_SECONDS)
        except MonitorClosed:
            pass
        except MonitorError as error:
            raise Failure(Code.EMULATOR, str(error)) from error

    def _judge(self, status: Optional[int]) -> None:
        if status != 0:
            words = log_tail(os.path.join(self.run, "messages")) or "no reason given"
            raise Failure(Code.EMULATOR, f"QEMU failed ({status}): {words}")

    def _console(self, listeners: list[socket.socket]) -> list[str]:
        """To the standard output, into a file, or to a client of the run folder's socket."""
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

    def _write_state(self) -> None:
        assert self._process
        state: dict[str, Any] = {
            "disk": self.disk,
            "pid": os.getpid(),
            "qemu_pid": self._process.pid,
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


def _public_monitor(listener: socket.socket) -> list[str]:
    """A monitor for the other processes of the user, besides that of this process."""
    return [
        *("-chardev", f"socket,id=public,fd={listener.fileno()},server=on,wait=off"),
        *("-mon", "chardev=public,mode=control"),
    ]
