# SPDX-License-Identifier: MIT
"""Telling the service manager that started us how far we are. Protocol: systemd, sd_notify(3)."""

from __future__ import annotations

import contextlib
import os
import socket


def notify(state: str) -> None:
    """Sends lines such as READY=1; without a manager that listens, nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with contextlib.suppress(OSError):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stream:
            stream.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)
