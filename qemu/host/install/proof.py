# SPDX-License-Identifier: MIT
"""Proof that an installed disk boots: a snapshot of it is started until its SSH server answers.

What the guest writes meanwhile is thrown away. Its network is QEMU's own; the port on the host's
loopback is one that the kernel chooses.
"""

from __future__ import annotations

import os
import re
import select
import socket
from typing import Optional, Sequence

from host.qemu import emulator
from host.install.options import Options
from host.base.codes import Code, Failure
from host.base.deadline import Deadline
from host.install.disk import Disk
from host.qemu.qemu_process import Channels, QemuProcess
from host.protocol.records import Log

BOOT_SECONDS = 120
RETRY_SECONDS = 0.5
# Lines before the version are allowed (RFC 4253, section 4.2), a server without end is not.
LONGEST_BANNER = 8192


def has_banner(data: bytes) -> bool:
    """Whether an SSH server has said its version."""
    return re.search(rb"(?:^|\n)SSH-(?:2\.0|1\.99)-[^\n]*\n", data) is not None


class Visitor:
    """Connects to the guest's SSH port until the server has sent its version."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._socket: Optional[socket.socket] = None
        self._heard = b""
        self._again = Deadline(0)
        self.welcome = False

    def fileno(self) -> int:
        """What to wait for; -1 while there is no connection."""
        return self._socket.fileno() if self._socket else -1

    def knock(self) -> None:
        """Connects if there is no connection, and none was closed a moment ago."""
        if self._socket is None and self._again.passed():
            self._heard = b""
            try:
                self._socket = socket.create_connection(self._address, timeout=5)
            except OSError:
                self._again = Deadline(RETRY_SECONDS)

    def listen(self) -> None:
        """Reads once."""
        if self._socket is None:
            return
        try:
            data = self._socket.recv(LONGEST_BANNER)
        except OSError:
            data = b""
        self._heard += data
        self.welcome = has_banner(self._heard)
        if not data or len(self._heard) > LONGEST_BANNER:
            self.leave()

    def leave(self) -> None:
        """Ends the connection."""
        if self._socket:
            self._socket.close()
            self._socket = None
            self._again = Deadline(RETRY_SECONDS)


def prove_boot(options: Options, run: str, log_path: str, seconds: float) -> None:
    """Returns when the guest's SSH server has answered. Failure says that the disk does not boot."""
    channels = Channels()
    arguments = [
        *emulator.machine_arguments(options.machine, run),
        *("-no-reboot", "-boot", "strict=on,reboot-timeout=0"),
        *(*channels.add("console"), "-serial", "chardev:console"),
        *snapshot_arguments(options.disks),
        *("-netdev", "user,id=network,hostfwd=tcp:127.0.0.1:0-:22"),
        *("-device", "virtio-net-pci,netdev=network"),
    ]
    log = Log(log_path)
    # QEMU unlinks a snapshot's file as soon as it is open.
    environment = {**os.environ, "TMPDIR": os.path.dirname(log_path)}
    guest = QemuProcess(arguments, channels, run, environment)
    try:
        _visit(guest, Visitor(guest.forwarded_port()), log, Deadline(seconds))
    finally:
        guest.close()
        log.close()


def snapshot_arguments(disks: Sequence[Disk]) -> list[str]:
    """The disks as they will be, but for what is written to them."""
    arguments = []
    for number, disk in enumerate(disks):
        arguments += [
            "-drive",
            f"if=none,id={disk.serial},format={disk.format},snapshot=on,"
            f"file={emulator.quote(disk.working)}",
            "-device",
            f"virtio-blk-pci,drive={disk.serial}" + ("" if number else ",bootindex=0"),
        ]
    return arguments


def _visit(guest: QemuProcess, visitor: Visitor, log: Log, deadline: Deadline) -> None:
    console = guest.channels["console"]
    try:
        while not deadline.passed():
            visitor.knock()
            ready = _wait(guest, visitor, min(RETRY_SECONDS, deadline.left()))
            if console.fileno() in ready:
                log.write(_receive(console))
            if visitor.fileno() in ready:
                visitor.listen()
            if visitor.welcome:
                return
            if guest.fileno() in ready:
                raise Failure(
                    Code.NO_VERDICT,
                    f"the installed disk does not boot: the guest ended (log: {log.path})",
                )
    finally:
        visitor.leave()
    raise Failure(
        Code.DEADLINE,
        f"the installed disk does not come up: no SSH server after {deadline.seconds:g} s "
        f"(log: {log.path})",
    )


def _wait(guest: QemuProcess, visitor: Visitor, seconds: float) -> set[int]:
    """What is ready before the seconds have passed."""
    poll = select.poll()
    for descriptor in (guest.fileno(), guest.channels["console"].fileno(), visitor.fileno()):
        if descriptor >= 0:
            poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(seconds * 1000)}


def _receive(console: socket.socket) -> bytes:
    try:
        return console.recv(65536)
    except ConnectionResetError:
        return b""
