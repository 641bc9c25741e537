# SPDX-License-Identifier: MIT
"""Whose turn it is to install a guest, where libvirt does not destroy the domain of a killed run.

Xen's driver knows no domains that end with their connection. So such a domain names the host of its run,
and that host's runs exclude each other by a socket, which the kernel releases with its process
(unix(7), abstract sockets). A run that has the socket may destroy the domain of an earlier run from here.
"""

from __future__ import annotations

import hashlib
import os
import socket

from host.base.codes import Code, Failure


class Turn:
    """Held until it is closed. `owner` names this host to no reader (machine-id(5))."""

    def __init__(self, uuid: str) -> None:
        """Of the domain with this UUID; Failure(BUSY) if another process of this host has it."""
        self.owner = hashlib.sha256(f"guest-installer:{_host()}".encode()).hexdigest()[:32]
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.bind(f"\0guest-installer:{uuid}")
        except OSError as error:
            self._socket.close()
            sentence = "another run on this host installs this guest; wait for its end"
            raise Failure(Code.BUSY, sentence) from error

    def close(self) -> None:
        """The next run may begin."""
        self._socket.close()


def _host() -> str:
    try:
        with open("/etc/machine-id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return os.uname().nodename
