# SPDX-License-Identifier: MIT
"""The machine that the installer runs in, as the code that follows an installation sees it.

Implemented by install/qemu_machine.py, xen/xen_machine.py, libvirt/libvirt_machine.py, and install/image_copy.py,
which starts none.
"""

from __future__ import annotations

from typing import Optional, Protocol


class Machine(Protocol):
    """A machine that is installing. It ends by itself; whatever happens, close() is called."""

    def console(self) -> int:
        """A descriptor to read the serial console from, at its end when the machine has ended."""

    def port(self) -> Optional[int]:
        """The same for the installer's events as JSON lines, where there is such a channel."""

    def monitor(self) -> Optional[int]:
        """A descriptor that is readable when read_events should be called."""

    def read_events(self) -> bool:
        """Notes what the host has to tell of the machine; False when nothing more will come."""

    def fileno(self) -> int:
        """A descriptor that is readable when the machine has ended."""

    def has_no_room(self) -> bool:
        """Whether a disk could not grow because the host is full: no use in going on."""

    def end(self) -> None:
        """Ends the machine at once. Does nothing if it has ended."""

    def require_good_end(self, verdict_seen: bool) -> None:
        """Failure(EMULATOR) unless the machine has powered itself off. `verdict_seen` says whether
        the installer in it has given a verdict."""

    def close(self) -> None:
        """Ends the machine and gives back what it took."""


class ConsoleOnly:
    """What a Machine answers of which the host knows nothing but its console and its end."""

    def port(self) -> Optional[int]:
        return None

    def monitor(self) -> Optional[int]:
        return None

    def read_events(self) -> bool:
        return False

    def has_no_room(self) -> bool:
        return False
