# SPDX-License-Identifier: MIT
"""Proof that an installed disk boots and lets its owner in.

A copy of the disk, in which a key of this run may log in too, is booted with its final hardware. The
proof waits for the SSH server, logs in, and asks whether the server accepts the given keys. The
installed disk is only read. The guest's network is QEMU's own; the port on the loopback is free.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import socket
import time
from dataclasses import dataclass
from typing import Optional, Sequence

from host.base.codes import Code, Failure
from host.base.deadline import Deadline
from host.install.disk import Disk
from host.install.options import Options
from host.install.proof_disk import make_copy
from host.install.proof_login import Client, GivenKey, make_key
from host.protocol.records import Log
from host.qemu import emulator
from host.qemu.qemu_process import Channels, QemuProcess

BOOT_SECONDS = 120
RETRY_SECONDS = 0.5
# Lines before the version are allowed (RFC 4253, section 4.2), a server without end is not.
LONGEST_BANNER = 8192


@dataclass(frozen=True)
class Request:
    """What to prove: `keys` are the given ones, `known_hosts` is the text that first-run keeps."""

    user: str
    keys: Sequence[GivenKey]
    known_hosts: str
    seconds: float
    logs_in: bool = True  # not where no key was given: then the SSH server's version is the proof


@dataclass(frozen=True)
class Proof:
    """How long the boot took, to the SSH server's version, and the login after it."""

    boot_seconds: float
    login_seconds: float
    keys_accepted: int
    keys_restricted: int

    def describe(self, user: str) -> str:
        """One sentence for people."""
        keys = f"{self.keys_accepted} of the given keys accepted"
        if self.keys_restricted:
            keys += f", {self.keys_restricted} not asked for because of their options"
        times = f"boot {self.boot_seconds:.1f} s, login {self.login_seconds:.1f} s"
        return f"the installed disk boots and lets {user} in: {times}; {keys}"


def has_banner(data: bytes) -> bool:
    """Whether an SSH server has said its version."""
    return re.search(rb"(?:^|\n)SSH-(?:2\.0|1\.99)-[^\n]*\n", data) is not None


class SshProbe:
    """Connects to the guest's SSH port until a server there has sent its version."""

    def __init__(self, port: int) -> None:
        self._address = ("127.0.0.1", port)
        self._socket: Optional[socket.socket] = None
        self._received = b""
        self._again = Deadline(0)
        self.answered = False

    def fileno(self) -> int:
        """The descriptor to wait for; -1 while there is no connection."""
        return self._socket.fileno() if self._socket else -1

    def try_connect(self) -> None:
        """Connects if there is no connection, and none was closed a moment ago."""
        if self._socket is None and self._again.passed():
            self._received = b""
            try:
                self._socket = socket.create_connection(self._address, timeout=5)
            except OSError:
                self._again = Deadline(RETRY_SECONDS)

    def receive(self) -> None:
        """Reads once."""
        if self._socket is None:
            return
        try:
            data = self._socket.recv(LONGEST_BANNER)
        except OSError:
            data = b""
        self._received += data
        self.answered = has_banner(self._received)
        if not data or len(self._received) > LONGEST_BANNER:
            self.close()

    def close(self) -> None:
        """Ends the connection."""
        if self._socket:
            self._socket.close()
            self._socket = None
            self._again = Deadline(RETRY_SECONDS)


def prove_boot(options: Options, request: Request, run: str, log_path: str) -> Proof:
    """Boots, logs in and asks. Failure says what the installed disk does not do."""
    folder = options.beside("proof")
    shutil.rmtree(folder, ignore_errors=True)  # what a killed run left
    os.mkdir(folder, 0o700)
    log = Log(log_path)
    try:
        public_key = make_key(folder) if request.logs_in else ""
        copy = make_copy(options.disks[0], folder, request.user, public_key)
        return _boot(options, request, run, copy, log)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        log.close()


def _boot(options: Options, request: Request, run: str, copy: str, log: Log) -> Proof:
    channels = Channels()
    arguments = [
        *emulator.machine_arguments(options.machine, run),
        *("-no-reboot", "-boot", "strict=on,reboot-timeout=0"),
        *(*channels.add("console"), "-serial", "chardev:console"),
        *disk_arguments(options.disks, copy),
        *("-netdev", "user,id=network,hostfwd=tcp:127.0.0.1:0-:22"),
        *("-device", "virtio-net-pci,netdev=network"),
    ]
    # QEMU unlinks a snapshot's file as soon as it is open.
    environment = {**os.environ, "TMPDIR": os.path.dirname(copy)}
    deadline = Deadline(request.seconds)
    began = time.monotonic()
    guest = QemuProcess(arguments, channels, run, environment)
    try:
        port = guest.forwarded_port()
        _wait_for_server(guest, SshProbe(port), log, deadline)
        booted = time.monotonic()
        if not request.logs_in:
            return Proof(booted - began, 0, 0, 0)
        client = Client(port, request.user, request.known_hosts, os.path.dirname(copy))
        client.login(deadline)
        entered = time.monotonic()
        asked = [key for key in request.keys if not key.restricted]
        _require_accepted(client.refused(asked, deadline))
    except Failure as failure:
        raise Failure(failure.code, f"{failure.sentence} (console: {log.path})") from None
    finally:
        log.write(_receive(guest.channels["console"]))
        guest.close()
    restricted = len(request.keys) - len(asked)
    return Proof(booted - began, entered - booted, len(asked), restricted)


def _require_accepted(refused: Sequence[GivenKey]) -> None:
    if refused:
        names = ", ".join(f"{key.kind} …{key.blob[-16:]}" for key in refused)
        raise Failure(
            Code.NO_VERDICT, f"the installed guest's SSH server does not accept the key {names}"
        )


def disk_arguments(disks: Sequence[Disk], copy: str) -> list[str]:
    """The disks as they will be: the copy of the first, and snapshots of the others."""
    arguments = []
    for number, disk in enumerate(disks):
        drive = f"format={disk.format},snapshot=on,file={emulator.quote(disk.working)}"
        if not number:
            drive = f"format=raw,cache=unsafe,file={emulator.quote(copy)}"
        device = f"virtio-blk-pci,drive={disk.serial}" + ("" if number else ",bootindex=0")
        arguments += ["-drive", f"if=none,id={disk.serial},{drive}", "-device", device]
    return arguments


def _wait_for_server(guest: QemuProcess, probe: SshProbe, log: Log, deadline: Deadline) -> None:
    console = guest.channels["console"]
    try:
        while not deadline.passed():
            probe.try_connect()
            ready = _wait(guest, probe, min(RETRY_SECONDS, deadline.left()))
            if console.fileno() in ready:
                log.write(_receive(console))
            if probe.fileno() in ready:
                probe.receive()
            if probe.answered:
                return
            if guest.fileno() in ready:
                raise Failure(Code.NO_VERDICT, "the installed disk does not boot: the guest ended")
    finally:
        probe.close()
    raise Failure(
        Code.DEADLINE,
        f"the installed disk does not come up: no SSH server after {deadline.seconds:g} s",
    )


def _wait(guest: QemuProcess, probe: SshProbe, seconds: float) -> set[int]:
    """The descriptors that are ready before the seconds have passed."""
    poll = select.poll()
    for descriptor in (guest.fileno(), guest.channels["console"].fileno(), probe.fileno()):
        if descriptor >= 0:
            poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(seconds * 1000)}


def _receive(console: socket.socket) -> bytes:
    """What the console has said; nothing if it has said nothing."""
    try:
        return console.recv(65536, socket.MSG_DONTWAIT)
    except (BlockingIOError, ConnectionResetError):
        return b""
