# SPDX-License-Identifier: MIT
"""Where an installation happens, as first-run sees it: its disks, its machine, what is published.

Implemented by hypervisors.py for files and devices of this host (QEMU and Xen), and by
libvirt/libvirt_host.py for volumes of a libvirt host.
"""

from __future__ import annotations

from typing import ContextManager, Protocol, Sequence

from host.install.machine import Machine
from host.protocol.verdict import Result


class Hypervisor(Protocol):
    """The disks of one guest and the machine that installs onto them. Whatever happens, close() is
    called."""

    accel: str  # kvm, tcg or xen: how fast the machine is

    def clear(self) -> None:
        """Removes what a killed run left. Failure(MISUSE) if a disk is in the way of a new one."""

    def held(self) -> ContextManager[None]:
        """Keeps other programs from the disks during the block."""

    def make(self) -> None:
        """Makes the new disks under temporary names."""

    def machine(self, run: str) -> Machine:
        """Starts the machine. The private folder `run` has the key drive's folder `keys`."""

    def has_no_room(self) -> bool:
        """Whether a disk cannot grow because the host is full."""

    def check(self) -> None:
        """Checks the disks after the machine's end."""

    def write_domain(self, results: Sequence[Result]) -> None:
        """Writes a file beside the records that runs the guest, where there is such a file."""

    def publish(self) -> None:
        """Gives the new disks their final names."""

    def discard(self) -> None:
        """Removes the new disks of a failed installation, or keeps them as the options say."""

    def close(self) -> None:
        """Gives back what this object took."""
