# SPDX-License-Identifier: MIT
"""Folders of the host that a guest sees: by virtiofs, which needs a daemon, or by QEMU's own 9p.

All folders of one guest use one transport. 9p enforces read-only on the host; with virtiofs the
guest mounts the folder read-only.
"""

from __future__ import annotations

import os
import shutil
import socket
from typing import Optional, Sequence

from host.base import sockets
from host.base.codes import Code, Failure
from host.qemu.emulator import MachineOptions, parse_size, quote
from host.run.options import MODULES_TAG, Share
from host.base.process import Child

QEMU_DAEMON = "/usr/lib/qemu/virtiofsd"  # the older one, in C: for root only
DAEMONS = ("/usr/libexec/virtiofsd", "/usr/lib/virtiofsd", QEMU_DAEMON)


def choose_transport(wanted: str, shares: Sequence[Share]) -> str:
    """virtiofs or 9p, for shares of which there is at least one."""
    strict = any(share.readonly and share.tag != MODULES_TAG for share in shares)
    if wanted == "virtiofs":
        if strict:
            raise Failure(Code.MISUSE, "a virtiofs share cannot be kept read-only; 9p can")
        if not find_daemon():
            raise Failure(Code.EMULATOR, "virtiofsd is not installed, or not for this user")
        return wanted
    return "virtiofs" if wanted == "auto" and not strict and find_daemon() else "9p"


def find_daemon() -> Optional[str]:
    """virtiofsd, if there is one that this user can run."""
    for path in (shutil.which("virtiofsd"), *DAEMONS):
        if path and os.access(path, os.X_OK) and (path != QEMU_DAEMON or os.geteuid() == 0):
            return path
    return None


def mount_point(share: Share, release: Optional[str]) -> str:
    """Where the guest has it; the modules are where the kernel of this release looks for them."""
    return f"/lib/modules/{release}" if share.tag == MODULES_TAG else f"/mnt/{share.tag}"


def mount_options(share: Share, transport: str) -> str:
    """The options of the guest's mount."""
    options = ["ro" if share.readonly else "rw"]
    if transport == "9p":
        options += ["trans=virtio", "version=9p2000.L", "msize=262144"]
    return ",".join(options)


class Shares:
    """The daemons of the shared folders, and QEMU's arguments for the folders."""

    def __init__(
        self, shares: Sequence[Share], transport: str, machine: MachineOptions, run: str
    ) -> None:
        self.arguments: list[str] = []
        self.machine_options = ""
        self.keep: list[int] = []
        self._daemons: list[Child] = []
        self._streams: list[socket.socket] = []
        if shares and transport == "virtiofs":
            # The daemon works in the guest's memory, which has to be a file for that.
            size = parse_size("--memory", machine.memory)
            self.arguments += ["-object", f"memory-backend-memfd,id=memory,share=on,size={size}"]
            self.machine_options = ",memory-backend=memory"
        for number, share in enumerate(shares):
            if transport == "virtiofs":
                self._serve(share, f"share{number}", run)
            else:
                self.arguments += _by_9p(share, f"share{number}")

    def started(self) -> None:
        """QEMU runs: our ends of its connections can go."""
        for stream in self._streams:
            stream.close()
        self._streams = []

    def close(self) -> None:
        """Ends what still runs; a daemon ends by itself when QEMU does."""
        self.started()
        for daemon in self._daemons:
            daemon.end(2)
            daemon.close()

    def _serve(self, share: Share, name: str, run: str) -> None:
        daemon = find_daemon()
        assert daemon
        path = os.path.join(run, name)
        listener = sockets.listen(path)
        with open(os.path.join(run, "virtiofsd"), "ab") as messages:
            words = _daemon_words(daemon, share, listener.fileno())
            child = Child(words, stdout=messages, stderr=messages, keep=[listener.fileno()])
        self._daemons.append(child)
        stream = sockets.connect(path, 10)
        listener.close()
        stream.setblocking(True)
        self._streams.append(stream)
        self.keep.append(stream.fileno())
        self.arguments += [
            *("-chardev", f"socket,id={name},fd={stream.fileno()}"),
            *("-device", f"vhost-user-fs-pci,chardev={name},tag={share.tag}"),
        ]


def _daemon_words(daemon: str, share: Share, listener: int) -> list[str]:
    words = [daemon, f"--fd={listener}"]
    if daemon == QEMU_DAEMON:
        return [*words, "-o", f"source={share.folder}"]
    words.append(f"--shared-dir={share.folder}")
    return words if os.geteuid() == 0 else [*words, "--sandbox=none"]


def _by_9p(share: Share, name: str) -> list[str]:
    """The guest's owners and modes are the host's, as far as we may set them."""
    readonly = ",readonly=on" if share.readonly else ""
    options = f"local,id={name},security_model=none,multidevs=remap{readonly}"
    return [
        *("-fsdev", f"{options},path={quote(share.folder)}"),
        *("-device", f"virtio-9p-pci,fsdev={name},mount_tag={share.tag}"),
    ]
