# SPDX-License-Identifier: MIT
"""A login in a guest by SSH: one connection, on which commands and a script are run.

A broken connection must not be mistaken for a script's exit status. So the connection is a process of its own.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
from typing import Callable

from host.base.codes import Code, Failure
from host.base.deadline import Deadline
from host.qemu.emulator import find_program
from host.base.process import Child, Stream

TRY_SECONDS = 60
PAUSE = 0.2
HELLO_SECONDS = 10
BROKEN = 255  # ssh's own status, and that of a command which chose it
HOPELESS = ("Permission denied", "not accessible", "Host key verification failed")
READY = b"connected\n"


class Login:
    """`alive` says, after so many seconds or when it is sure, whether the guest still runs."""

    def __init__(
        self,
        port: int,
        user: str,
        identity: str,
        known_hosts: str,
        run: str,
        alive: Callable[[float], bool],
    ) -> None:
        """`known_hosts` is the file that first-run leaves beside a disk; where there is none, the
        port on the loopback, which QEMU holds, has to do. `run` is a private folder."""
        self._run, self._alive = run, alive
        self._port = port
        self._connection: list[Child] = []
        self._words = [
            *(find_program("ssh"), "-F", "/dev/null", "-p", str(port), "-l", user),
            *("-o", "BatchMode=yes", "-o", "LogLevel=ERROR"),
            *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=8"),
            *_host_key_words(known_hosts, run),
            *("-o", "ControlPath=login"),
        ]
        if identity:
            self._words += ["-i", identity, "-o", "IdentitiesOnly=yes"]

    def open(self, seconds: float) -> None:
        """Returns when the guest has let us in; Failure says why it did not in time."""
        deadline = Deadline(seconds)
        reason = "no server answers"
        while not deadline.passed():
            if not self._alive(PAUSE):
                raise Failure(Code.NO_VERDICT, "the guest ended before it let us in")
            if not _says_hello(self._port, min(HELLO_SECONDS, deadline.left())):
                continue
            reason = self._connect(deadline)
            if not reason:
                return
            if any(word in reason for word in HOPELESS):
                raise Failure(Code.NO_VERDICT, f"the guest does not let us in: {reason}")
        message = f"no login by SSH within {seconds:g} s: {reason} (has the kernel a network card?)"
        raise Failure(Code.DEADLINE, message)

    def command(self, text: str, seconds: float) -> tuple[int, str]:
        """Runs a line of the guest's sh; returns its status and what it said."""
        child = self._child(text, stdin=subprocess.DEVNULL, capture=True)
        try:
            output = child.read(seconds)
            status = None if output is None else child.wait(seconds)
            if output is None or status is None:
                raise Failure(Code.DEADLINE, f"the guest did not answer in {seconds:g} s")
            return status, output.decode(errors="replace").strip()
        finally:
            child.close()

    def script(self, path: str, seconds: float) -> int:
        """Runs a script with our standard output and error; returns its exit status.

        It is run as a file of its own, by what its first line says.
        """
        text = (
            'f=$(mktemp) && cat >"$f" && chmod 700 "$f" || exit 126; '
            '"$f" </dev/null; s=$?; rm -f "$f"; exit "$s"'
        )
        with open(path, "rb") as file:
            child = self._child(text, stdin=file)
        try:
            status = child.wait(seconds)
            if status is None:
                raise Failure(Code.DEADLINE, f"the script did not end in {seconds:g} s")
        finally:
            child.close()
        if status < 0 or (status == BROKEN and not (self._connected() and self._alive(PAUSE))):
            raise Failure(Code.NO_VERDICT, "the connection broke before the script had ended")
        return status

    def close(self) -> None:
        """Ends the connection."""
        while self._connection:
            self._connection.pop().close()

    def _child(self, text: str, *, stdin: Stream, capture: bool = False) -> Child:
        words = [*self._words, "-o", "ControlMaster=no", "127.0.0.1"]
        return Child(
            [*words, f"sh -c {shlex.quote(text)}"],
            stdin=stdin,
            stdout=subprocess.PIPE if capture else None,
            stderr=subprocess.STDOUT if capture else None,
            folder=self._run,
        )

    def _connect(self, deadline: Deadline) -> str:
        """Makes the connection and leaves it open; returns why not, or an empty string."""
        path = os.path.join(self._run, "ssh")
        with open(path, "wb") as messages:
            words = ["-o", "ControlMaster=yes", "-o", "PermitLocalCommand=yes", "-N"]
            child = Child(
                [*self._words, *words, "-o", "LocalCommand=echo connected", "127.0.0.1"],
                stdout=subprocess.PIPE,
                stderr=messages,
                folder=self._run,
            )
        if child.read_line(min(TRY_SECONDS, deadline.left())) == READY:
            self._connection.append(child)
            return ""
        child.close()
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip() or "no answer"

    def _connected(self) -> bool:
        return bool(self._connection) and self._connection[0].runs()


def ssh_line(port: int, user: str, known_hosts: str) -> str:
    """The command with which a person logs in, quoted for a shell. The file of host keys that
    first-run left is named where it exists and ssh can be told its name.

    ssh expands % and ${} in the value and splits it at blanks outside of quotes.
    """
    words = ["ssh", "-p", str(port)]
    if os.path.isfile(known_hosts) and not re.search(r"[\"\\\n]|\$\{", known_hosts):
        value = known_hosts.replace("%", "%%")
        plain = re.fullmatch(r"[A-Za-z0-9/._%+-]+", value)
        words += ["-o", "UserKnownHostsFile=" + (value if plain else f'"{value}"')]
    return " ".join(map(shlex.quote, [*words, f"{user}@127.0.0.1"]))


def _host_key_words(known_hosts: str, run: str) -> list[str]:
    """A copy of the file under a name of ours: ssh would expand or split other names."""
    if not os.path.isfile(known_hosts):
        return ["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"]
    shutil.copyfile(known_hosts, os.path.join(run, "known_hosts"))
    return ["-o", "UserKnownHostsFile=known_hosts", "-o", "StrictHostKeyChecking=yes"]


def _says_hello(port: int, seconds: float) -> bool:
    """Whether an SSH server speaks there. QEMU accepts connections that the guest does not."""
    deadline = Deadline(seconds)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=deadline.left()) as stream:
            stream.settimeout(max(deadline.left(), 0.1))
            return stream.recv(4) == b"SSH-"
    except OSError:
        return False
