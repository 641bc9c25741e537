# SPDX-License-Identifier: MIT
"""The machine that the installer runs in, as the code that follows an installation sees it.

Implemented by install/qemu_machine.py and xen/xen_machine.py; first_run.py chooses.
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
        """Ends the machine at once; no word if it has ended."""

    def require_good_end(self, verdict_seen: bool) -> None:
        """Failure(EMULATOR) unless the machine has powered itself off. `verdict_seen` says whether
        the installer in it has given a verdict."""

    def close(self) -> None:
        """Ends the machine and gives back what it took."""
